//! HTTPS: the certificate of the service, which a reload replaces for new connections.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use files::FileError;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// The largest file with certificates or a key, in bytes.
const MAX_SIZE: u64 = 1024 * 1024;

/// Why the certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or other users could change it.
    #[error("tls: {0}")]
    File(#[from] FileError),
    /// A file has no certificate, or no key, in PEM.
    #[error("tls: {path} does not contain {what} in PEM", path = path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should contain.
        what: &'static str,
    },
    /// The certificate and the key do not belong together, or are of an unsupported kind.
    #[error("tls: {certificate} and {key} cannot be used: {source}", certificate = files.certificate.display(), key = files.key.display())]
    Unusable {
        /// The files.
        files: TlsFiles,
        /// The reason.
        source: rustls::Error,
    },
}

/// Reads the certificate and the key for TLS 1.2 and 1.3.
///
/// # Errors
/// Returns [`TlsError`] if a file cannot be read or used.
pub fn load(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let unusable = |source| TlsError::Unusable { files: files.clone(), source };
    let missing = |path: &Path, what| TlsError::Pem { path: path.to_owned(), what };
    let text = files::read_linked_file(&files.certificate, MAX_SIZE)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| missing(&files.certificate, "a certificate"))?;
    if certificates.is_empty() {
        return Err(missing(&files.certificate, "a certificate"));
    }
    let text = files::read_linked_file(&files.key, MAX_SIZE)?;
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| missing(&files.key, "a private key"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificate for new connections; without one, they use plain HTTP.
#[derive(Debug, Clone, Default)]
pub struct Tls(Arc<RwLock<Option<Arc<ServerConfig>>>>);

impl Tls {
    /// Starts with this certificate.
    #[must_use]
    pub fn new(config: Option<Arc<ServerConfig>>) -> Self {
        Self(Arc::new(RwLock::new(config)))
    }

    /// The certificate for a new connection.
    #[must_use]
    pub fn current(&self) -> Option<Arc<ServerConfig>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the certificate. Existing connections keep theirs.
    pub fn replace(&self, config: Option<Arc<ServerConfig>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_certificate_and_its_key_are_needed() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = write("c.pem", &made.cert.pem());
        let key = write("k.pem", &made.signing_key.serialize_pem());
        let wrong = write("other.pem", &other.signing_key.serialize_pem());
        let problem = |certificate: &Path, key: &Path| {
            load(&TlsFiles { certificate: certificate.to_owned(), key: key.to_owned() }).unwrap_err().to_string()
        };
        load(&TlsFiles { certificate: certificate.clone(), key: key.clone() }).unwrap();
        assert!(problem(&certificate, &wrong).contains("cannot be used"));
        assert!(problem(&key, &key).contains("k.pem does not contain a certificate in PEM"));
        assert!(problem(&certificate, &certificate).contains("c.pem does not contain a private key in PEM"));
        assert!(problem(&folder.path().join("missing"), &key).contains("does not exist"));
    }
}
