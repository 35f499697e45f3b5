//! Trust stores: files with certificates. `trust-store-trust-policy.md`, "Trust Store".

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::x509::{Certificate, CertificateError};

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// Why a file gives no certificates to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is neither PEM nor DER, or holds no certificate.
    #[error("{path} holds no certificate in PEM or DER: {why}")]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        why: String,
    },
}

/// Reads the certificates of a file, in PEM or DER.
///
/// # Errors
/// [`StoreError`] when one of them is malformed, or there is none.
pub fn read_certificates(path: &Path) -> Result<Vec<Certificate>, StoreError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes))
        .map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
    let no_certificate = |why: String| StoreError::NoCertificate { path: path.to_owned(), why };
    let malformed = |why: CertificateError| no_certificate(why.to_string());
    if !bytes.starts_with(b"-----BEGIN") {
        return Ok(vec![Certificate::from_der(bytes).map_err(malformed)?]);
    }
    let certificates = CertificateDer::pem_slice_iter(&bytes)
        .map(|der| {
            let der = der.map_err(|why| no_certificate(why.to_string()))?;
            Certificate::from_der(der.to_vec()).map_err(malformed)
        })
        .collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() {
        return Err(no_certificate("it has other PEM sections only".to_owned()));
    }
    Ok(certificates)
}
