//! Certificates that TLS trusts: from a file, in PEM or DER, or those that the system trusts.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use files::read_up_to;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{Error as PemError, PemObject as _};

use crate::issuing::may_issue;

/// The largest file of certificates, in bytes. A system's bundle has about 200 KiB.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The certificates of the system, and when they were read.
static OF_THE_SYSTEM: Mutex<Option<(Instant, Authorities)>> = Mutex::new(None);
/// How long they are used again.
const FRESH: Duration = Duration::from_secs(10);

/// Trusted certificates: those of authorities, which may issue others, and those of servers, which vouch only for
/// themselves.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    issuing: Vec<CertificateDer<'static>>,
    others: Vec<CertificateDer<'static>>,
    /// Why certificates of the system were left out.
    skipped: Vec<String>,
}

/// Why there are no certificate authorities.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// A file cannot be used.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No certificate of a file may issue others.
    #[error(
        "{}: no certificate of a certificate authority found; expected one with CA:TRUE in its basicConstraints and, \
         if it has a keyUsage, with keyCertSign",
        path.display()
    )]
    NoAuthority {
        /// The file.
        path: PathBuf,
    },
    /// The system has none.
    #[error(
        "no certificate authorities are installed on this machine, so no TLS server can be trusted{}; install the \
         package ca-certificates, or set SSL_CERT_FILE to a PEM file with certificate authorities",
        skipped.as_ref().map(|why| format!(" ({why})")).unwrap_or_default()
    )]
    NoneInstalled {
        /// The first error while they were read.
        skipped: Option<String>,
    },
}

impl Authorities {
    /// Reads a file with certificates in PEM, or one in DER.
    ///
    /// # Errors
    /// Returns [`AuthoritiesError::File`] if the file cannot be read, or one of its certificates cannot be a trust
    /// anchor.
    pub fn from_file(path: &Path) -> Result<Self, AuthoritiesError> {
        let failed = |why: String| AuthoritiesError::File { path: path.to_owned(), why };
        let bytes = read_up_to(path, MAX_FILE).map_err(|why| failed(why.to_string()))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(failed(format!("larger than {MAX_FILE} bytes")));
        }
        let certificates = parse(bytes).map_err(failed)?;
        let mut roots = RootCertStore::empty();
        for (position, certificate) in certificates.iter().enumerate() {
            roots
                .add(certificate.clone())
                .map_err(|why| failed(format!("certificate {} cannot be used: {why}", position + 1)))?;
        }
        let found = Self::sorted(certificates, Vec::new());
        for _ in &found.others {
            tracing::debug!(file = %path.display(), "a certificate is not that of an authority, and may issue no others");
        }
        Ok(found)
    }

    /// Reads a file as [`Self::from_file`], where a server's own certificate cannot be used.
    ///
    /// # Errors
    /// As [`Self::from_file`], and [`AuthoritiesError::NoAuthority`] if no certificate may issue others.
    pub fn issuing_from_file(path: &Path) -> Result<Self, AuthoritiesError> {
        let found = Self::from_file(path)?;
        if found.issuing.is_empty() {
            return Err(AuthoritiesError::NoAuthority { path: path.to_owned() });
        }
        Ok(found)
    }

    /// The certificates of the system, or of the file in `SSL_CERT_FILE` and the folders in `SSL_CERT_DIR`. Those that
    /// cannot be parsed are left out. The result may be empty.
    ///
    /// Clients of several services in one command need them at almost the same time. To read them takes longer than to
    /// verify a signature, so that what was read less than ten seconds ago is used again.
    #[must_use]
    pub fn of_the_system() -> Self {
        // Ignores poisoning: a panic cannot leave the value half-changed.
        let mut read = OF_THE_SYSTEM.lock().unwrap_or_else(PoisonError::into_inner);
        match &*read {
            Some((since, found)) if since.elapsed() < FRESH => found.clone(),
            _ => {
                let found = Self::read_from_the_system();
                *read = Some((Instant::now(), found.clone()));
                found
            }
        }
    }

    fn read_from_the_system() -> Self {
        let found = rustls_native_certs::load_native_certs();
        let skipped: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        for why in &skipped {
            tracing::debug!(why, "skipped a root certificate of the system");
        }
        let mut roots = RootCertStore::empty();
        let usable = |certificate: &CertificateDer<'static>| roots.add(certificate.clone()).is_ok();
        Self::sorted(found.certs.into_iter().filter(usable).collect(), skipped)
    }

    fn sorted(certificates: Vec<CertificateDer<'static>>, skipped: Vec<String>) -> Self {
        let (issuing, others) = certificates.into_iter().partition(may_issue);
        Self { issuing, others, skipped }
    }

    /// Adds others.
    pub fn extend(&mut self, others: Self) {
        self.issuing.extend(others.issuing);
        self.others.extend(others.others);
        self.skipped.extend(others.skipped);
    }

    /// The certificates that may not issue others. Each can be a server's own.
    #[must_use]
    pub fn others(&self) -> &[CertificateDer<'static>] {
        &self.others
    }

    /// All certificates, whether they may issue others or not.
    pub fn all(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.issuing.iter().chain(&self.others)
    }

    /// The certificates that may issue others; at least one.
    ///
    /// # Errors
    /// Returns [`AuthoritiesError::NoneInstalled`] if there are none.
    pub fn into_issuing(self) -> Result<Vec<CertificateDer<'static>>, AuthoritiesError> {
        if self.issuing.is_empty() {
            return Err(AuthoritiesError::NoneInstalled { skipped: self.skipped.into_iter().next() });
        }
        Ok(self.issuing)
    }
}

/// The certificates of a file in PEM, with any text around them, or in DER.
fn parse(bytes: Vec<u8>) -> Result<Vec<CertificateDer<'static>>, String> {
    // A certificate in DER is a SEQUENCE with a length of two bytes or more. No text starts so.
    if matches!(bytes.as_slice(), [0x30, 0x81..=0x84, ..]) {
        return Ok(vec![bytes.into()]);
    }
    // Some editors put a byte order mark before the first line.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(text).collect::<Result<_, _>>().map_err(|why| {
        let why = match why {
            PemError::MissingSectionEnd { .. } => "a certificate has no END line".to_owned(),
            PemError::Base64Decode(_) => "a certificate is not base64".to_owned(),
            other => other.to_string(),
        };
        format!("malformed PEM: {why}")
    })?;
    if certificates.is_empty() {
        return Err("no certificate found; expected certificates in PEM, or one in DER".to_owned());
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

    use super::*;

    fn authority() -> rcgen::Certificate {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.self_signed(&KeyPair::generate().unwrap()).unwrap()
    }

    #[test]
    fn reads_pem_and_der() {
        let (one, two) = (authority(), authority());
        let pem = format!("# Corporate\n{}text\r\n{}", one.pem(), two.pem());
        for (content, expected) in [
            (pem.as_bytes(), 2),
            (pem.replace('\n', "\r\n").as_bytes(), 2),
            (format!("\u{feff}{}", one.pem()).as_bytes(), 1),
            (one.der().as_ref(), 1),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), content).unwrap();
            let found = Authorities::from_file(file.path()).unwrap().into_issuing().unwrap();
            assert_eq!(found.len(), expected);
            assert_eq!(&found[0], one.der());
        }
    }

    #[test]
    fn an_error_names_the_file() {
        let der = authority().der().to_vec();
        let pem = authority().pem();
        for content in [
            &b""[..],
            b"not a certificate",
            &der[..der.len() - 1],
            &[0x30, 0x82, 0, 0],
            pem.replace("-----END", "-----").as_bytes(),
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), content).unwrap();
            let why = Authorities::from_file(file.path()).unwrap_err().to_string();
            assert!(why.contains(file.path().to_str().unwrap()), "{why}");
        }
        let why = Authorities::from_file(Path::new("/nonexistent/ca.pem")).unwrap_err().to_string();
        assert!(why.starts_with("/nonexistent/ca.pem: "), "{why}");
        assert!(Authorities::from_file(Path::new("/")).is_err());
    }

    #[test]
    fn a_servers_certificate_vouches_only_for_itself() {
        let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let server = server.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), server.pem()).unwrap();
        let found = Authorities::from_file(file.path()).unwrap();
        assert_eq!(found.others(), [server.der().clone()]);
        assert!(found.into_issuing().is_err());
        let why = Authorities::issuing_from_file(file.path()).unwrap_err();
        assert_eq!(why, AuthoritiesError::NoAuthority { path: file.path().to_owned() });
        // Beside an authority it is left out.
        let authority = authority();
        std::fs::write(file.path(), format!("{}{}", server.pem(), authority.pem())).unwrap();
        let found = Authorities::issuing_from_file(file.path()).unwrap();
        assert_eq!(found.all().count(), 2);
        assert_eq!(found.into_issuing().unwrap(), [authority.der().clone()]);
    }

    #[test]
    fn no_authority_at_all_is_an_error() {
        let why = Authorities::default().into_issuing().unwrap_err();
        assert_eq!(why, AuthoritiesError::NoneInstalled { skipped: None });
        assert!(why.to_string().contains("SSL_CERT_FILE"));
    }
}
