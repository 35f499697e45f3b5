//! Trust stores: folders with certificates. `trust-store-trust-policy.md`, "Trust Store".

use std::path::{Path, PathBuf};
use std::{fs, io};

use der::SliceReader;
use files::{FileError, check_folder, read_file, read_up_to};
use notary::trust::policy::{TrustStoreName, TrustStoreType};
use notary::x509::{Certificate, CertificateError};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The largest file that is read, in bytes.
pub(super) const MAX_FILE: u64 = 1024 * 1024;
/// How many files a trust store may have.
pub(super) const MAX_FILES: usize = 1000;
/// How many certificates a trust store may have.
const MAX_STORED: usize = 5000;

/// Why a file or a trust store gives no certificates to trust.
#[derive(Debug, thiserror::Error)]
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
    /// The trust store does not exist.
    #[error(
        "the trust store {name} does not exist: put its certificates into {path}, or name another in trustStores",
        path = path.display()
    )]
    Missing {
        /// The store.
        name: TrustStoreName,
        /// Where it should be.
        path: PathBuf,
    },
    /// A file or folder of the trust store is not one that trust may rest on.
    #[error("trust store {name}: {source}")]
    File {
        /// The store.
        name: TrustStoreName,
        /// What is wrong with which file.
        source: FileError,
    },
    /// The trust store has no certificates.
    #[error("the trust store {name} has no certificates: put them into {path}", path = path.display())]
    Empty {
        /// The store.
        name: TrustStoreName,
        /// Where it is.
        path: PathBuf,
    },
    /// The trust store has more files or certificates than are read.
    #[error("the trust store {name} has more than {most} {what}")]
    TooMany {
        /// The store.
        name: TrustStoreName,
        /// How many are read.
        most: usize,
        /// Files or certificates.
        what: &'static str,
    },
    /// A certificate of the trust store is not one to trust.
    #[error("trust store {name}: the certificate {subject} in {path} {why}", path = path.display())]
    Untrustworthy {
        /// The store.
        name: TrustStoreName,
        /// The file.
        path: PathBuf,
        /// The certificate's subject.
        subject: String,
        /// What it is not.
        why: &'static str,
    },
}

/// A trust store that was read: at least one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustStore {
    name: TrustStoreName,
    certificates: Vec<Certificate>,
}

impl TrustStore {
    /// Reads all files of a folder, in the order of their names.
    ///
    /// As in notation 1.3.2 a folder within it is an error, though the specification has it ignored with a warning: whoever
    /// put certificates there expects them to count. Files are read whatever their ending is, also as in notation.
    ///
    /// # Errors
    /// [`StoreError`] when the folder is not there, is empty, or has anything but certificates that its type allows.
    pub fn read(name: &TrustStoreName, folder: &Path) -> Result<Self, StoreError> {
        let wrong = |source| match source {
            FileError::Missing(path) => StoreError::Missing { name: name.clone(), path },
            source => StoreError::File { name: name.clone(), source },
        };
        let io = |source| wrong(FileError::Io { path: folder.to_owned(), source });
        check_folder(folder).map_err(wrong)?;
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(io)? {
            if paths.len() == MAX_FILES {
                return Err(StoreError::TooMany { name: name.clone(), most: MAX_FILES, what: "files" });
            }
            paths.push(entry.map_err(io)?.path());
        }
        paths.sort();
        let mut certificates = Vec::new();
        for path in paths {
            let bytes = read_file(&path, MAX_FILE).map_err(|source| StoreError::File { name: name.clone(), source })?;
            for certificate in parse_certificates(&path, &bytes)? {
                if let Err(why) = check(name.store_type(), &certificate) {
                    let subject = certificate.subject();
                    return Err(StoreError::Untrustworthy { name: name.clone(), path, subject, why });
                }
                certificates.push(certificate);
            }
            if certificates.len() > MAX_STORED {
                return Err(StoreError::TooMany { name: name.clone(), most: MAX_STORED, what: "certificates" });
            }
        }
        if certificates.is_empty() {
            return Err(StoreError::Empty { name: name.clone(), path: folder.to_owned() });
        }
        Ok(Self { name: name.clone(), certificates })
    }

    /// The store's name.
    #[must_use]
    pub fn name(&self) -> &TrustStoreName {
        &self.name
    }

    /// Its certificates, in the order of the files' names.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// What notation asks of a certificate in a trust store. Validity and the requirements on chains are judged with a signature.
pub(super) fn check(kind: TrustStoreType, certificate: &Certificate) -> Result<(), &'static str> {
    if kind == TrustStoreType::Tsa && !certificate.is_root_authority() {
        return Err("is not a root certificate of a certificate authority; those of tsa trust stores must be");
    }
    // A certificate that signs on its own has the leaf's requirements, so it is no authority.
    if !certificate.is_authority() && !certificate.is_signed_by(certificate) {
        return Err("is neither a certificate authority nor self-signed");
    }
    Ok(())
}

/// Reads the certificates of a file, in PEM or DER.
///
/// # Errors
/// [`StoreError`] when one of them is malformed, or there is none.
pub fn read_certificates(path: &Path) -> Result<Vec<Certificate>, StoreError> {
    let bytes = read_trust_file(path)?;
    parse_certificates(path, &bytes)
}

/// Reads a file with certificates that lies anywhere.
///
/// # Errors
/// [`StoreError`] when it cannot be read, or is larger than such a file is.
pub fn read_trust_file(path: &Path) -> Result<Vec<u8>, StoreError> {
    let bytes = read_up_to(path, MAX_FILE).map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
    if bytes.len() as u64 > MAX_FILE {
        let why = format!("it is larger than {MAX_FILE} bytes");
        return Err(StoreError::NoCertificate { path: path.to_owned(), why });
    }
    Ok(bytes)
}

/// The certificates in the bytes of a file, in PEM or DER. `path` is for errors.
///
/// # Errors
/// [`StoreError::NoCertificate`] when one of them is malformed, or there is none.
pub fn read_certificates_of(path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>, StoreError> {
    parse_certificates(path, bytes)
}

/// Parses one or more certificates, of which every one must be well-formed; with other sections than certificates, PEM is
/// refused.
pub(super) fn parse_certificates(path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>, StoreError> {
    let no_certificate = |why: String| StoreError::NoCertificate { path: path.to_owned(), why };
    let parse = |der: &[u8]| {
        Certificate::from_der(der.to_vec()).map_err(|why: CertificateError| no_certificate(why.to_string()))
    };
    // A SEQUENCE whose length takes more than one byte: as text, "0" and something that is not ASCII.
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
        0 => Err(no_certificate("there is no CERTIFICATE section".to_owned())),
        found if found != sections => Err(no_certificate("it has sections of another kind too".to_owned())),
        _ => Ok(certificates),
    }
}
