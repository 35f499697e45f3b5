//! The clients: with or without TLS, direct or through a proxy.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use files::read_up_to;
use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::error::{HttpClientError, explain};
use crate::resolver::Resolver;

const CONNECT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("notation-aws-signer/", env!("CARGO_PKG_VERSION"));

/// The clients of one set of options.
#[derive(Debug)]
pub struct HttpClients {
    ca_files: Vec<PathBuf>,
    idle: Duration,
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
    /// Clients that trust these certificate authorities in addition to the system's. `idle` limits the silence of a
    /// connection.
    #[must_use]
    pub fn new(ca_files: Vec<PathBuf>, idle: Duration) -> Self {
        Self { ca_files, idle, slots: Default::default() }
    }

    /// The client for requests to this URL.
    ///
    /// # Errors
    /// Returns [`HttpClientError`] if a file with certificates cannot be used, or the system does not provide what a
    /// client needs.
    pub fn client_for(&self, url: &Url, silence: Silence) -> Result<&Client, HttpClientError> {
        // Like Go's clients: the proxy variables do not apply to this machine.
        let direct = url.host_str().is_none_or(is_loopback);
        let tls = url.scheme() == "https" || (!direct && proxy_needs_tls());
        let slot =
            &self.slots[usize::from(silence == Silence::Allowed) * 4 + usize::from(direct) * 2 + usize::from(tls)];
        if slot.get().is_none() {
            // Concurrent callers may create several clients; one is kept.
            let _ = slot.set(self.make(direct, tls, silence)?);
        }
        slot.get().ok_or_else(|| HttpClientError::Client("not initialised".to_owned()))
    }

    fn make(&self, direct: bool, tls: bool, silence: Silence) -> Result<Client, HttpClientError> {
        let roots = if tls { roots(&self.ca_files)? } else { RootCertStore::empty() };
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls_config(roots)?)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .dns_resolver(Arc::new(Resolver))
            .connect_timeout(CONNECT)
            .user_agent(USER_AGENT);
        if silence == Silence::Bounded {
            builder = builder.read_timeout(self.idle);
        }
        if direct {
            builder = builder.no_proxy();
        }
        builder.build().map_err(|why| HttpClientError::Client(explain(&why)))
    }
}

/// Whether the host of a URL is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether the proxy for plain HTTP requests is accessed with TLS.
fn proxy_needs_tls() -> bool {
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .any(|url| url.starts_with("https://"))
}

fn tls_config(roots: RootCertStore) -> Result<ClientConfig, HttpClientError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|why| HttpClientError::Client(why.to_string()))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The largest file of certificates, in bytes. A system's bundle has about 200 KiB.
const MAX_CA_FILE: u64 = 4 * 1024 * 1024;

/// The root certificates of the system and of the files.
fn roots(ca_files: &[PathBuf]) -> Result<RootCertStore, HttpClientError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for why in &system.errors {
        tracing::debug!(%why, "skipped a root certificate of the system");
    }
    roots.add_parsable_certificates(system.certs);
    for file in ca_files {
        add_file(&mut roots, file).map_err(|why| HttpClientError::CaFile { path: file.clone(), why })?;
    }
    Ok(roots)
}

fn add_file(roots: &mut RootCertStore, file: &Path) -> Result<(), String> {
    let before = roots.len();
    let bytes = read_up_to(file, MAX_CA_FILE).map_err(|why| why.to_string())?;
    if bytes.len() as u64 > MAX_CA_FILE {
        return Err(format!("larger than {MAX_CA_FILE} bytes"));
    }
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        roots.add(certificate.map_err(|why| why.to_string())?).map_err(|why| why.to_string())?;
    }
    if roots.len() == before { Err("no certificate found".to_owned()) } else { Ok(()) }
}
