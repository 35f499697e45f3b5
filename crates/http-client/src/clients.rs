//! The clients: with or without TLS, direct or through a proxy.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use connect::{Authorities, Proxies, Proxy};
use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, RootCertStore};

use crate::error::{HttpClientError, causes};
use crate::reach::Reach;
use crate::resolver::Resolver;
use crate::verifier::{Verifier, VerifierError};

const CONNECT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("notation-aws-signer/", env!("CARGO_PKG_VERSION"));

/// The clients of one set of options.
#[derive(Debug)]
pub struct HttpClients {
    ca_files: Vec<PathBuf>,
    idle: Duration,
    proxies: Arc<Proxies>,
    slots: [OnceLock<Client>; 8],
}

/// Whether the limit on the silence of a connection applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The connection fails after the limit without data.
    Bounded,
    /// The server may be silent for any time, for example while it receives a body.
    Allowed,
}

impl HttpClients {
    /// Clients that trust the certificates in these files in addition to the system's. `idle` limits the silence of a
    /// connection. The proxies are those of the environment.
    #[must_use]
    pub fn new(ca_files: Vec<PathBuf>, idle: Duration) -> Self {
        Self { ca_files, idle, proxies: Arc::new(Proxies::from_environment()), slots: Default::default() }
    }

    /// The client for requests to this URL. With a proxy, only the proxy's name is resolved here, whatever the reach.
    ///
    /// # Errors
    /// Returns [`HttpClientError`] if a file with certificates or the proxy cannot be used, or the system does not
    /// provide what a client needs.
    pub fn client_for(&self, url: &Url, reach: Reach, silence: Silence) -> Result<&Client, HttpClientError> {
        let proxy = self.proxies.for_url(url).map_err(HttpClientError::Proxy)?;
        let tls = url.scheme() == "https" || proxy.is_some_and(Proxy::uses_tls);
        // The environment names the proxy, which may be on this machine.
        let reach = if proxy.is_some() { Reach::Anywhere } else { reach };
        let [silent, elsewhere] = [silence == Silence::Allowed, reach == Reach::Elsewhere].map(usize::from);
        let slot = &self.slots[silent * 4 + elsewhere * 2 + usize::from(tls)];
        if slot.get().is_none() {
            // Concurrent callers may create several clients; one is kept.
            let _ = slot.set(self.make(tls, reach, silence)?);
        }
        slot.get().ok_or_else(|| HttpClientError::Client("not initialised".to_owned()))
    }

    /// The proxy for requests to this URL, as it is shown: its address and the variable that names it.
    #[must_use]
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        self.proxies.for_url(url).ok().flatten().map(ToString::to_string)
    }

    /// The causes of an error in one line, with the proxy if there was one, and without the URL, which callers show in
    /// the request line.
    #[must_use]
    pub fn explain(&self, error: &reqwest::Error) -> String {
        let why = causes(error);
        match error.url() {
            Some(url) => self.with_proxy(url, why),
            None => why,
        }
    }

    /// Adds the proxy for this URL to the reason of a failure, if there is one.
    #[must_use]
    pub fn with_proxy(&self, url: &Url, why: String) -> String {
        match self.proxy_for(url) {
            Some(proxy) => format!("{why} (through the proxy {proxy})"),
            None => why,
        }
    }

    fn make(&self, tls: bool, reach: Reach, silence: Silence) -> Result<Client, HttpClientError> {
        let proxies = Arc::clone(&self.proxies);
        let proxy = move |url: &Url| proxies.for_url(url).ok().flatten().map(|proxy| proxy.url().clone());
        let mut builder = Client::builder()
            .tls_backend_preconfigured(if tls { self.tls_config()? } else { without_authorities()? })
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .dns_resolver(Arc::new(Resolver::new(reach)))
            .connect_timeout(CONNECT)
            .proxy(reqwest::Proxy::custom(proxy))
            .user_agent(USER_AGENT);
        if silence == Silence::Bounded {
            builder = builder.read_timeout(self.idle);
        }
        builder.build().map_err(|why| HttpClientError::Client(causes(&why)))
    }

    fn tls_config(&self) -> Result<ClientConfig, HttpClientError> {
        let mut named = Authorities::default();
        for file in &self.ca_files {
            named.extend(Authorities::from_file(file).map_err(HttpClientError::Authorities)?);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = Verifier::new(Authorities::of_the_system(), named, Arc::clone(&provider));
        let verifier = verifier.map_err(|why| match why {
            VerifierError::Authorities(why) => HttpClientError::Authorities(why),
            VerifierError::Tls(why) => HttpClientError::Client(why),
        })?;
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|why| HttpClientError::Client(why.to_string()))?;
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        Ok(with_protocols(builder.with_no_client_auth()))
    }
}

/// The configuration of a client that never uses TLS. reqwest demands one.
fn without_authorities() -> Result<ClientConfig, HttpClientError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|why| HttpClientError::Client(why.to_string()))?;
    Ok(with_protocols(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()))
}

fn with_protocols(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}
