//! The connectors of a client: direct or through a proxy, with or without TLS, each created on first use.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect::{Authorities, Proxies, Proxy};
use url::Url;

use super::error::ConnectError;

/// The variable with a file of certificate authorities. As for the aws CLI and the AWS SDKs, they replace the system's.
const BUNDLE: &str = "AWS_CA_BUNDLE";

/// The connectors that were used so far. There are two or three.
#[derive(Debug)]
pub(super) struct Connectors {
    proxies: Proxies,
    /// A file with certificate authorities, and the setting that names it.
    bundle: OnceLock<(String, PathBuf)>,
    known: Mutex<Vec<(Key, SharedHttpConnector)>>,
}

/// What distinguishes connectors.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    timeouts: (Option<Duration>, Option<Duration>),
    tls: bool,
    proxy: Option<Proxy>,
}

/// How a request is sent.
pub(super) struct Way {
    pub(super) connector: SharedHttpConnector,
    /// The host of the request.
    pub(super) host: String,
    /// The proxy, and the variable that names it.
    pub(super) proxy: Option<String>,
}

impl Default for Connectors {
    fn default() -> Self {
        Self { proxies: Proxies::from_environment(), bundle: OnceLock::new(), known: Mutex::default() }
    }
}

impl Connectors {
    pub(super) fn set_bundle(&self, setting: String, file: PathBuf) {
        // The first one wins.
        let _ = self.bundle.set((setting, file));
    }

    /// The way for requests to this URL.
    ///
    /// # Errors
    /// Returns [`ConnectError`] if the proxy or the certificate authorities cannot be used.
    pub(super) fn way_to(
        &self,
        url: &str,
        settings: &HttpConnectorSettings,
        sleep: &Option<SharedAsyncSleep>,
    ) -> Result<Way, ConnectError> {
        // The SDK made the URL. One that cannot be parsed fails when it is connected to.
        let url = Url::parse(url).ok();
        let proxy = match &url {
            Some(url) => self.proxies.for_url(url).map_err(ConnectError::Proxy)?,
            None => None,
        };
        let key = Key {
            timeouts: (settings.connect_timeout(), settings.read_timeout()),
            tls: url.as_ref().is_some_and(|url| url.scheme() == "https") || proxy.is_some_and(Proxy::uses_tls),
            proxy: proxy.cloned(),
        };
        // Ignores poisoning: a panic cannot leave the list half-changed.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let connector = match known.iter().find(|(other, _)| *other == key) {
            Some((_, connector)) => connector.clone(),
            None => {
                let connector = self.create(&key, settings, sleep)?;
                known.push((key.clone(), connector.clone()));
                connector
            }
        };
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
        Ok(Way { connector, host, proxy: proxy.map(ToString::to_string) })
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn create(
        &self,
        key: &Key,
        settings: &HttpConnectorSettings,
        sleep: &Option<SharedAsyncSleep>,
    ) -> Result<SharedHttpConnector, ConnectError> {
        let proxy = match &key.proxy {
            None => ProxyConfig::disabled(),
            Some(proxy) => {
                ProxyConfig::all(proxy.url().as_str()).map_err(|_| ConnectError::Proxy(proxy.malformed()))?
            }
        };
        let mut builder: ConnectorBuilder = Connector::builder();
        builder.set_connector_settings(Some(settings.clone()));
        builder.set_sleep_impl(sleep.clone());
        builder.set_proxy_config(Some(proxy));
        if !key.tls {
            return Ok(SharedHttpConnector::new(builder.build_http()));
        }
        let context = self.tls_context()?;
        Ok(SharedHttpConnector::new(
            builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context).build(),
        ))
    }

    /// The certificate authorities: those of the bundle, otherwise the system's.
    fn tls_context(&self) -> Result<TlsContext, ConnectError> {
        let bundle = match std::env::var_os(BUNDLE).filter(|path| !path.is_empty()) {
            Some(path) => Some((BUNDLE.to_owned(), PathBuf::from(path))),
            None => self.bundle.get().cloned(),
        };
        let authorities = match bundle {
            Some((setting, path)) => {
                Authorities::issuing_from_file(&path).map_err(|why| ConnectError::Bundle { setting, why })?
            }
            None => Authorities::of_the_system(),
        };
        let certificates = authorities.into_issuing().map_err(ConnectError::Authorities)?;
        let mut store = TrustStore::empty();
        for certificate in certificates {
            // The SDK takes certificates as PEM, and panics if it cannot use one; `Authorities` has only usable ones.
            let text = STANDARD.encode(&certificate);
            store.add_pem_certificate(format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"));
        }
        let context = TlsContext::builder().with_trust_store(store).build();
        context.map_err(|why| ConnectError::Tls(why.to_string()))
    }
}
