//! How the API server is reached: by the service account of a Pod, or by a kubeconfig.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use notary::text::innermost_cause;
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
            Err(in_cluster) => Config::from_kubeconfig(&KubeConfigOptions::default()).await.map_err(|kubeconfig| {
                ClusterError::NoConfiguration {
                    in_cluster: innermost_cause(&in_cluster),
                    kubeconfig: innermost_cause(&kubeconfig),
                }
            })?,
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
        let failed = |why: &(dyn std::error::Error + 'static)| ClusterError::Kubeconfig(innermost_cause(why));
        let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
        let config = match file {
            Some(file) => {
                let kubeconfig = Kubeconfig::read_from(file).map_err(|why| failed(&why))?;
                Config::from_custom_kubeconfig(kubeconfig, &options).await
            }
            None => Config::from_kubeconfig(&options).await,
        };
        let config = config.map_err(|why| failed(&why))?;
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
