//! Trust stores: folders with certificates. `trust-store-trust-policy.md`, "Trust Store".

use std::path::{Path, PathBuf};

use der::SliceReader;
use files::{FileError, Folder, read_file_or_pipe};
use notary::trust::policy::{TrustStoreName, TrustStoreType};
use notary::x509::{Certificate, CertificateError};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The largest file that is read, in bytes.
pub(super) const MAX_FILE: u64 = 1024 * 1024;
/// The maximum number of files in a trust store.
pub(super) const MAX_FILES: usize = 1000;
/// The maximum number of certificates in a trust store.
const MAX_STORED: usize = 5000;

/// An error while reading certificates from a file or a trust store.
#[derive(Debug, thiserror::Error)]
pub enum TrustStoreError {
    /// A file outside of a trust store cannot be read, or other users could change it.
    #[error(transparent)]
    Unusable(FileError),
    /// The file is neither PEM nor DER, or has no certificate.
    #[error("{path} holds no certificate in PEM or DER: {why}")]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// The trust store does not exist.
    #[error(
        "the trust store {name} does not exist: put its certificates into {path}, or use another one in trustStores",
        path = path.display()
    )]
    Missing {
        /// The store.
        name: TrustStoreName,
        /// Its expected folder.
        path: PathBuf,
    },
    /// A file or folder of the trust store cannot be read or is not trustworthy.
    #[error("trust store {name}: {source}")]
    File {
        /// The store.
        name: TrustStoreName,
        /// The error, with the path.
        source: FileError,
    },
    /// The trust store has no certificates.
    #[error("the trust store {name} has no certificates: put them into {path}", path = path.display())]
    Empty {
        /// The store.
        name: TrustStoreName,
        /// Its folder.
        path: PathBuf,
    },
    /// The trust store has too many files or certificates.
    #[error("the trust store {name} has more than {most} {what}")]
    TooMany {
        /// The store.
        name: TrustStoreName,
        /// The maximum number.
        most: usize,
        /// Files or certificates.
        what: &'static str,
    },
    /// A certificate of the trust store does not meet the requirements of its type.
    #[error("trust store {name}: the certificate {subject} in {path} {why}", path = path.display())]
    Untrustworthy {
        /// The store.
        name: TrustStoreName,
        /// The file.
        path: PathBuf,
        /// The certificate's subject.
        subject: String,
        /// The unmet requirement.
        why: &'static str,
    },
}

/// A trust store with at least one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustStore {
    name: TrustStoreName,
    certificates: Vec<Certificate>,
}

impl TrustStore {
    /// A store with certificates that are kept elsewhere.
    ///
    /// # Errors
    /// Returns [`TrustStoreError`] if there are none, or its type does not allow one of them.
    pub fn from_certificates(name: TrustStoreName, certificates: Vec<Certificate>) -> Result<Self, TrustStoreError> {
        if certificates.is_empty() {
            return Err(TrustStoreError::Empty { name, path: PathBuf::new() });
        }
        for certificate in &certificates {
            if let Err(why) = check(name.store_type(), certificate) {
                let subject = certificate.subject().to_owned();
                let path = PathBuf::from("the given certificates");
                return Err(TrustStoreError::Untrustworthy { name, path, subject, why });
            }
        }
        Ok(Self { name, certificates })
    }

    /// Reads all files of a folder, ordered by name.
    ///
    /// As in notation 1.3.2, a subfolder is an error. The specification ignores it with a warning, but a user who puts
    /// certificates there expects them to be used. Also as in notation, files are read regardless of their extension.
    ///
    /// # Errors
    /// Returns [`TrustStoreError`] if the folder does not exist, is empty, or contains anything but certificates that
    /// its type allows.
    pub fn read(name: &TrustStoreName, folder: &Path) -> Result<Self, TrustStoreError> {
        let folder = Folder::open(folder).map_err(|source| match source {
            FileError::Missing(path) => TrustStoreError::Missing { name: name.clone(), path },
            source => TrustStoreError::File { name: name.clone(), source },
        })?;
        Self::read_open(name, &folder)
    }

    /// As [`Self::read`], for a folder that is open.
    pub(super) fn read_open(name: &TrustStoreName, folder: &Folder) -> Result<Self, TrustStoreError> {
        let wrong = |source| TrustStoreError::File { name: name.clone(), source };
        let Some(files) = folder.names(MAX_FILES).map_err(wrong)? else {
            return Err(TrustStoreError::TooMany { name: name.clone(), most: MAX_FILES, what: "files" });
        };
        let mut certificates = Vec::new();
        for file in files {
            let bytes = folder.read_file(&file, MAX_FILE).map_err(wrong)?;
            let path = folder.path().join(file);
            for certificate in parse_certificates(&path, &bytes)? {
                if let Err(why) = check(name.store_type(), &certificate) {
                    let subject = certificate.subject().to_owned();
                    return Err(TrustStoreError::Untrustworthy { name: name.clone(), path, subject, why });
                }
                certificates.push(certificate);
            }
            if certificates.len() > MAX_STORED {
                return Err(TrustStoreError::TooMany { name: name.clone(), most: MAX_STORED, what: "certificates" });
            }
        }
        if certificates.is_empty() {
            return Err(TrustStoreError::Empty { name: name.clone(), path: folder.path().to_owned() });
        }
        Ok(Self { name: name.clone(), certificates })
    }

    /// Returns the name of the store.
    #[must_use]
    pub fn name(&self) -> &TrustStoreName {
        &self.name
    }

    /// Returns the certificates, ordered by file name.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// Checks what notation requires of a certificate in a trust store. Validity and chain requirements are checked when a
/// signature is verified.
pub(super) fn check(kind: TrustStoreType, certificate: &Certificate) -> Result<(), &'static str> {
    // Such a certificate does not count as self-signed, which would be a misleading reason.
    let has_unsupported_signature = certificate.is_self_issued() && !certificate.has_supported_algorithm();
    if has_unsupported_signature && (kind == TrustStoreType::Tsa || !certificate.is_authority()) {
        return Err("is self-signed with an algorithm that is not supported");
    }
    if kind == TrustStoreType::Tsa && !certificate.is_root_authority() {
        return Err("is not a root CA certificate, which tsa trust stores require");
    }
    // A self-signed signing certificate must meet the requirements of a leaf, so it is not a CA.
    if !certificate.is_authority() && !certificate.is_signed_by(certificate) {
        return Err("is neither a certificate authority nor self-signed");
    }
    Ok(())
}

/// Reads the certificates of a PEM or DER file.
///
/// # Errors
/// Returns [`TrustStoreError`] if the file cannot be read, has no certificate, or has a malformed one.
pub fn read_certificates(path: &Path) -> Result<Vec<Certificate>, TrustStoreError> {
    let bytes = read_trust_file(path)?;
    parse_certificates(path, &bytes)
}

/// Reads a certificate file outside of a trust store: a file that only the user or root can change, or a pipe.
///
/// # Errors
/// Returns [`TrustStoreError`] if the file cannot be read, is larger than 1 MiB, or could be changed by other users.
pub fn read_trust_file(path: &Path) -> Result<Vec<u8>, TrustStoreError> {
    read_file_or_pipe(path, MAX_FILE).map_err(|why| match why {
        FileError::TooLarge { path, most } => {
            TrustStoreError::NoCertificate { path, why: format!("it is larger than {most} bytes") }
        }
        why => TrustStoreError::Unusable(why),
    })
}

/// Parses the content of a PEM or DER file. `path` is used in errors.
///
/// # Errors
/// Returns [`TrustStoreError::NoCertificate`] if there is no certificate, or a malformed one.
pub fn read_certificates_of(path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>, TrustStoreError> {
    parse_certificates(path, bytes)
}

/// Parses one or more certificates. A malformed certificate, or a PEM section of another type, is an error.
pub(super) fn parse_certificates(path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>, TrustStoreError> {
    let no_certificate = |why: String| TrustStoreError::NoCertificate { path: path.to_owned(), why };
    let parse = |der: &[u8]| {
        Certificate::from_der(der.to_vec()).map_err(|why: CertificateError| no_certificate(why.to_string()))
    };
    // DER: a SEQUENCE with a long-form length. As text, this would be "0" followed by a non-ASCII byte.
    if let [0x30, 0x80..=0xff, ..] = bytes {
        let mut reader = SliceReader::new(bytes).map_err(|why| no_certificate(why.to_string()))?;
        let mut certificates = Vec::new();
        while !der::Reader::is_finished(&reader) {
            certificates
                .push(parse(der::Reader::tlv_bytes(&mut reader).map_err(|why| no_certificate(why.to_string()))?)?);
        }
        return Ok(certificates);
    }
    let certificates = CertificateDer::pem_slice_iter(bytes)
        .map(|der| parse(&der.map_err(|why| no_certificate(why.to_string()))?))
        .collect::<Result<Vec<_>, _>>()?;
    let sections = bytes.windows(11).filter(|window| window == b"-----BEGIN ").count();
    match certificates.len() {
        0 => Err(no_certificate("it has no CERTIFICATE section".to_owned())),
        found if found != sections => Err(no_certificate("it has PEM sections other than CERTIFICATE".to_owned())),
        _ => Ok(certificates),
    }
}
