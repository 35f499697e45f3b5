//! How the API server is reached: by the service account of a Pod, or by a kubeconfig.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use notary::text::{innermost_cause, printable};
use rustls::crypto::{CryptoProvider, aws_lc_rs};

use super::error::ClusterError;
use super::request::Api;
use super::{Cluster, Inner, MAX_BYTES, MAX_OBJECTS};
use crate::cache::{Bounded, Flights};
use crate::metrics::{CacheName, CacheSize, Metrics};

/// How long a connection may take. The default of the client is longer than any deadline.
const CONNECT_TIME: Duration = Duration::from_secs(3);

impl Cluster {
    /// Access by the service account of the Pod in which this runs, else by `KUBECONFIG` or `~/.kube/config`. Nothing
    /// is asked yet.
    ///
    /// # Errors
    /// Returns [`ClusterError::NoConfiguration`] or [`ClusterError::Client`].
    pub async fn connect(metrics: Option<Metrics>) -> Result<Self, ClusterError> {
        let config = match Config::incluster_env() {
            Ok(config) => config,
            Err(in_cluster) => {
                let in_cluster = innermost_cause(&in_cluster);
                let none = |kubeconfig| ClusterError::NoConfiguration { in_cluster, kubeconfig };
                kubeconfig(None, None).await.map_err(none)?
            }
        };
        Self::of_config(config, metrics)
    }

    /// Access by this kubeconfig file, or else by `KUBECONFIG` or `~/.kube/config`, with this context of it. Returns
    /// the namespace of the context, too.
    ///
    /// # Errors
    /// Returns [`ClusterError::Kubeconfig`] or [`ClusterError::Client`].
    pub async fn of_kubeconfig(
        file: Option<&Path>,
        context: Option<&str>,
        metrics: Option<Metrics>,
    ) -> Result<(Self, String), ClusterError> {
        let config = kubeconfig(file, context).await.map_err(ClusterError::Kubeconfig)?;
        let namespace = config.default_namespace.clone();
        Ok((Self::of_config(config, metrics)?, namespace))
    }

    fn of_config(mut config: Config, metrics: Option<Metrics>) -> Result<Self, ClusterError> {
        config.connect_timeout = Some(CONNECT_TIME);
        // A retry after a pause would use up the deadline without saying why.
        config.default_retry = false;
        // The client takes the provider of the process and would install this one itself: the choice is made here,
        // where it can be seen. If another is installed already, it stays.
        let _ = CryptoProvider::install_default(aws_lc_rs::default_provider());
        let client = Client::try_from(config).map_err(|why| ClusterError::Client(innermost_cause(&why)))?;
        Ok(Self::with_client(client, metrics))
    }

    /// Access by this client.
    #[must_use]
    pub fn with_client(client: Client, metrics: Option<Metrics>) -> Self {
        let api = Api::new(client, metrics.clone());
        let objects = Bounded::new(MAX_BYTES, MAX_OBJECTS);
        let cluster = Self(Arc::new(Inner { api, objects, flights: Flights::default() }));
        if let Some(metrics) = metrics {
            let inner = Arc::downgrade(&cluster.0);
            metrics.watch_cache(CacheName::PullSecret, move || {
                let (entries, bytes) = inner.upgrade().map_or((0, 0), |inner| inner.objects.size());
                CacheSize { entries: entries as u64, bytes }
            });
        }
        cluster
    }
}

/// The configuration of a kubeconfig, or why it cannot be used.
async fn kubeconfig(file: Option<&Path>, context: Option<&str>) -> Result<Config, String> {
    let read = file.map_or_else(Kubeconfig::read, Kubeconfig::read_from);
    let kubeconfig = read.map_err(|why| match &why {
        KubeconfigError::ReadConfig(why, path) => {
            format!("{}: {}", printable(&path.display().to_string()), innermost_cause(why))
        }
        why => innermost_cause(why),
    })?;
    let contexts: Vec<String> = kubeconfig.contexts.iter().map(|context| printable(&context.name)).collect();
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    config.map_err(|why| match &why {
        KubeconfigError::LoadContext(name) if contexts.is_empty() => {
            format!("it has no contexts, and {} is asked for", printable(name))
        }
        KubeconfigError::LoadContext(name) => {
            format!("it has no context {}; its contexts are {}", printable(name), contexts.join(", "))
        }
        KubeconfigError::CurrentContextNotSet => "it has no current context".to_owned(),
        why => innermost_cause(why),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[tokio::test]
    async fn a_kubeconfig_that_cannot_be_used_is_named_and_a_missing_context_with_those_that_exist() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let why = async |context| Cluster::of_kubeconfig(Some(&file), context, None).await.unwrap_err().to_string();
        let expected = format!("the kubeconfig cannot be used: {}: No such file or directory", file.display());
        assert_eq!(why(None).await, expected);
        let cluster = r#"clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]"#;
        std::fs::write(&file, cluster).unwrap();
        assert_eq!(why(None).await, "the kubeconfig cannot be used: it has no current context");
        assert_eq!(why(Some("x")).await, "the kubeconfig cannot be used: it has no contexts, and x is asked for");
        let contexts = ["dev", "prod"].map(|name| format!("{{name: {name}, context: {{cluster: c, user: u}}}}"));
        std::fs::write(&file, format!("{cluster}\ncontexts: [{}]\n", contexts.join(", "))).unwrap();
        let expected = "the kubeconfig cannot be used: it has no context x; its contexts are dev, prod";
        assert_eq!(why(Some("x")).await, expected);
        assert!(Cluster::of_kubeconfig(Some(&file), Some("prod"), None).await.is_ok());
    }
}
