//! TLS: the certificate of the server and the authorities of client certificates. Both are replaced while the server
//! runs: new connections have the new ones. Files that do not fit together, for example because only one of them was
//! written so far, leave the old ones in force. A certificate that replicas share by a Secret comes later: until then,
//! connections are closed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Context, SHA256};
use files::FileError;
use notary::x509::Certificate;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use time::OffsetDateTime;
use tokio::sync::watch;

use super::client_names::ClientNames;
use super::own_ca::{Issued, OwnAuthority, OwnCaError};
use crate::config::TlsFiles;
use crate::frontends::Seldom;

/// The largest file with certificates or a key, in bytes.
const MAX_SIZE: u64 = 1024 * 1024;
/// How often files are read again, and an own certificate is looked at.
const CHECK: Duration = Duration::from_secs(10);

/// Why the certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or other users could change it.
    #[error("server.tls: {0}")]
    File(#[from] FileError),
    /// A file has no certificate, or no key, in PEM.
    #[error("server.tls: {path} does not contain {what} in PEM", path = path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should contain.
        what: &'static str,
    },
    /// The certificate and the key do not belong together, or are of an unsupported kind.
    #[error(
        "server.tls: {certificate} and {key} cannot be used together: {source}",
        certificate = files.certificate.display(), key = files.key.display()
    )]
    Unusable {
        /// The files.
        files: Box<TlsFiles>,
        /// The reason.
        source: rustls::Error,
    },
    /// The private key is that of another certificate.
    #[error(
        "server.tls: the private key in {key} does not belong to the certificate in {certificate}: use the two that were \
         made together, with the certificate of the server first in its file",
        certificate = files.certificate.display(), key = files.key.display()
    )]
    OtherKey {
        /// The files.
        files: Box<TlsFiles>,
    },
    /// The authorities of client certificates cannot be used.
    #[error("server.tls.clientCA: {path} cannot be used: {reason}", path = path.display())]
    ClientAuthority {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// Names of clients need an authority that vouches for them.
    #[error("server.tls.clientNames needs server.tls.clientCA, the authority of the clients' certificates")]
    NamesWithoutAuthority,
    /// The own certificate authority cannot be used.
    #[error(transparent)]
    Own(#[from] OwnCaError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// Where the certificate comes from.
#[derive(Debug, Clone)]
enum Origin {
    Files(TlsFiles),
    Own(OwnAuthority),
    /// [`Tls::use_shared`] gives it.
    Shared,
}

/// A certificate that replicas share, with its key.
#[derive(Debug)]
pub struct SharedCertificate<'a> {
    pub(crate) certificate: &'a Certificate,
    pub(crate) key: &'a rcgen::KeyPair,
    /// The authorities that clients should trust, in PEM.
    pub(crate) ca_bundle: String,
}

/// What new connections use.
#[derive(Debug)]
struct InForce {
    config: Arc<ServerConfig>,
    expires: OffsetDateTime,
    ca_bundle: Option<String>,
    content: Vec<u8>,
}

/// The certificate for new connections.
#[derive(Debug)]
pub struct Tls {
    origin: Mutex<Origin>,
    /// Or why there is no certificate yet.
    in_force: RwLock<Result<Arc<InForce>, String>>,
    is_shared: bool,
    /// Which refusals of clients were logged.
    told: Seldom,
}

impl Tls {
    /// A certificate in files.
    ///
    /// # Errors
    /// Returns [`TlsError`] if the files cannot be used.
    pub fn from_files(files: &TlsFiles) -> Result<Self, TlsError> {
        Self::from_origin(Origin::Files(files.clone()))
    }

    /// A certificate of the service's own authority.
    ///
    /// # Errors
    /// Returns [`TlsError::Own`] if the authority's folder cannot be used.
    pub fn own(authority: OwnAuthority) -> Result<Self, TlsError> {
        Self::from_origin(Origin::Own(authority))
    }

    fn from_origin(origin: Origin) -> Result<Self, TlsError> {
        let tls = Self { origin: Mutex::new(origin), is_shared: false, ..Self::shared() };
        tls.reload()?;
        Ok(tls)
    }

    /// A certificate that replicas share. [`crate::self_managed`] provides it later.
    #[must_use]
    pub fn shared() -> Self {
        let in_force = RwLock::new(Err("it has not been created".to_owned()));
        Self { origin: Mutex::new(Origin::Shared), in_force, is_shared: true, told: Seldom::default() }
    }

    fn in_force(&self) -> Option<Arc<InForce>> {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).as_ref().ok().cloned()
    }

    fn origin(&self) -> MutexGuard<'_, Origin> {
        self.origin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings for a new connection; `None` if there is no certificate yet.
    #[must_use]
    pub fn current(&self) -> Option<Arc<ServerConfig>> {
        self.in_force().map(|in_force| Arc::clone(&in_force.config))
    }

    /// Logs that the handshake with a client failed. One without a certificate that was asked for shows once an hour;
    /// certificates that are refused were logged before.
    pub(super) fn tell_of_failure(&self, why: &io::Error) {
        let inner = why.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let is_bare = matches!(inner, Some(rustls::Error::NoCertificatesPresented));
        if is_bare && self.told.is_due("", Instant::now()) {
            tracing::warn!("a client without a certificate was refused: server.tls.clientCA demands one");
        } else {
            tracing::debug!("a TLS handshake failed: {why}");
        }
    }

    /// When the certificate expires; `None` before the first one.
    #[must_use]
    pub fn expires(&self) -> Option<OffsetDateTime> {
        self.in_force().map(|in_force| in_force.expires)
    }

    /// Why clients cannot connect with a certificate that replicas share: there is none, or it has expired.
    #[must_use]
    pub fn missing(&self, now: OffsetDateTime) -> Option<String> {
        match &*self.in_force.read().unwrap_or_else(PoisonError::into_inner) {
            Ok(in_force) if self.is_shared && in_force.expires < now => {
                Some(format!("the certificate expired at {}", in_force.expires))
            }
            Ok(_) => None,
            Err(why) => Some(format!("there is no certificate yet: {why}")),
        }
    }

    /// Says why there is no certificate yet.
    pub(crate) fn lacks(&self, why: String) {
        let mut in_force = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
        if in_force.is_err() {
            *in_force = Err(why);
        }
    }

    /// Takes a certificate that replicas share. Returns whether it is another one.
    ///
    /// # Errors
    /// Returns [`TlsError`] if it cannot be used. Then nothing changes.
    pub(crate) fn use_shared(&self, shared: SharedCertificate<'_>) -> Result<bool, TlsError> {
        let SharedCertificate { certificate, key, ca_bundle } = shared;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let issued = Issued { certificate: certificate.der().to_vec().into(), key, ca_bundle };
        self.replace(issued.load(certificate.not_after())?)
    }

    /// The authorities that clients should trust, in PEM, for the `caBundle` of webhooks. `None` if the certificate
    /// comes from files.
    #[must_use]
    pub fn ca_bundle_pem(&self) -> Option<String> {
        self.in_force()?.ca_bundle.clone()
    }

    /// Reads the files again, or renews the own certificate if it is time. Returns whether something changed.
    ///
    /// # Errors
    /// Returns [`TlsError`] if the files cannot be used. Then nothing changes.
    pub fn reload(&self) -> Result<bool, TlsError> {
        self.reload_at(OffsetDateTime::now_utc())
    }

    fn reload_at(&self, now: OffsetDateTime) -> Result<bool, TlsError> {
        // Reloads do not overtake each other.
        let origin = self.origin();
        self.put_in_force(&origin, now)
    }

    fn put_in_force(&self, origin: &Origin, now: OffsetDateTime) -> Result<bool, TlsError> {
        origin.load(now)?.map_or(Ok(false), |new| self.replace(new))
    }

    fn replace(&self, new: InForce) -> Result<bool, TlsError> {
        let mut in_force = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
        // Equal settings keep the sessions that clients can resume.
        let is_new = in_force.as_ref().ok().is_none_or(|in_force| new.content != in_force.content);
        if is_new {
            *in_force = Ok(Arc::new(new));
        }
        Ok(is_new)
    }

    /// Takes the certificate from these files from now on.
    ///
    /// # Errors
    /// Returns [`TlsError`] if the files cannot be used. Then nothing changes.
    pub fn use_files(&self, files: &TlsFiles) -> Result<bool, TlsError> {
        self.use_origin(Origin::Files(files.clone()))
    }

    /// Takes the certificate from this authority from now on.
    ///
    /// # Errors
    /// Returns [`TlsError::Own`] if the authority's folder cannot be used. Then nothing changes.
    pub fn use_own(&self, authority: OwnAuthority) -> Result<bool, TlsError> {
        self.use_origin(Origin::Own(authority))
    }

    fn use_origin(&self, new: Origin) -> Result<bool, TlsError> {
        let mut origin = self.origin();
        let changed = self.put_in_force(&new, OffsetDateTime::now_utc())?;
        *origin = new;
        Ok(changed)
    }

    /// Reloads every 10 s until `stop` is true or its sender is dropped, and logs changes and problems, each once.
    pub async fn keep_current(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut last_problem = None;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(CHECK) => {}
            }
            let tls = Arc::clone(&self);
            let problem = match tokio::task::spawn_blocking(move || tls.reload()).await {
                Ok(Ok(true)) => {
                    if let Some(expires) = self.expires() {
                        tracing::info!("new connections use a new certificate, which expires at {expires}");
                    }
                    None
                }
                Ok(Ok(false)) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(problem) = &problem
                && last_problem.as_ref() != Some(problem)
            {
                tracing::error!("the certificate stays as it is: {problem}");
            }
            last_problem = problem;
        }
    }
}

impl Origin {
    fn load(&self, now: OffsetDateTime) -> Result<Option<InForce>, TlsError> {
        Ok(match self {
            Self::Files(files) => Some(load(files)?),
            Self::Own(authority) => {
                let issued = authority.certificate(now)?;
                let expires = expiry(&issued.certificate).unwrap_or(now);
                Some(issued.load(expires)?)
            }
            Self::Shared => None,
        })
    }
}

impl Issued {
    fn load(self, expires: OffsetDateTime) -> Result<InForce, TlsError> {
        let Self { certificate, key, ca_bundle } = self;
        let content = content(&[&certificate, key.secret_der(), ca_bundle.as_bytes()]);
        let config =
            builder()?.with_no_client_auth().with_single_cert(vec![certificate], key).map_err(TlsError::Setup)?;
        Ok(InForce { config: finish(config), expires, ca_bundle: Some(ca_bundle), content })
    }
}

fn load(files: &TlsFiles) -> Result<InForce, TlsError> {
    let missing = |path: &Path, what| TlsError::Pem { path: path.to_owned(), what };
    let certificate_text = files::read_linked_file(&files.certificate, MAX_SIZE)?;
    let certificates = certificates(&files.certificate, &certificate_text)?;
    let key_text = files::read_linked_file(&files.key, MAX_SIZE)?;
    let key = PrivateKeyDer::from_pem_slice(&key_text).map_err(|_| missing(&files.key, "a private key"))?;
    // rustls reads less of the certificate. One that cannot be read whole shows as expired.
    let expires = certificates.first().and_then(expiry).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut parts = vec![certificate_text, key_text];
    let builder = match &files.client_ca {
        None if !files.client_names.is_empty() => return Err(TlsError::NamesWithoutAuthority),
        None => builder()?.with_no_client_auth(),
        Some(path) => {
            let text = files::read_linked_file(path, MAX_SIZE)?;
            let verifier = client_verifier(path, &text, &files.client_names)?;
            parts.push(text);
            parts.extend(files.client_names.iter().map(|name| name.clone().into_bytes()));
            builder()?.with_client_cert_verifier(Arc::new(verifier))
        }
    };
    let mut config = builder.with_single_cert(certificates, key).map_err(|source| match source {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::OtherKey { files: Box::new(files.clone()) }
        }
        source => TlsError::Unusable { files: Box::new(files.clone()), source },
    })?;
    if files.client_ca.is_some() {
        // A resumed session would not have its client certificate checked again.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    let content = content(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    Ok(InForce { config: finish(config), expires, ca_bundle: None, content })
}

fn certificates(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Option<Vec<_>> = CertificateDer::pem_slice_iter(text).collect::<Result<_, _>>().ok();
    certificates
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| TlsError::Pem { path: path.to_owned(), what: "a certificate" })
}

fn client_verifier(path: &Path, text: &[u8], names: &[String]) -> Result<ClientNames, TlsError> {
    let unusable = |reason: String| TlsError::ClientAuthority { path: path.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, text)? {
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    Ok(ClientNames::new(verifier, names.to_vec()))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn builder() -> Result<rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier>, TlsError> {
    // TLS 1.2 and 1.3.
    ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(TlsError::Setup)
}

fn finish(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

fn expiry(certificate: &CertificateDer<'_>) -> Option<OffsetDateTime> {
    Certificate::from_der(certificate.to_vec()).ok().map(|certificate| certificate.not_after())
}

/// A digest that tells contents apart, without keeping the key.
fn content(parts: &[&[u8]]) -> Vec<u8> {
    let mut digest = Context::new(&SHA256);
    for part in parts {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finish().as_ref().to_vec()
}
