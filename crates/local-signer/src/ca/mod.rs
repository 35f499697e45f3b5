//! The local signer's certificate authority: a root, an intermediate, and leaves valid for seven days, like AWS
//! Signer's.
//!
//! Root and intermediate are created together with their keys, once; the directory `ca` is created atomically. A leaf
//! is issued when a signature needs one and the last leaf is not valid at the signing clock's time. Private keys are in
//! a [`KeyStore`].

mod certificate;
mod keys;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::{Decode as _, Encode as _};
use rcgen::{Issuer, PublicKeyData as _};
use time::{Duration, OffsetDateTime};
use x509_cert::Certificate;

use self::certificate::{INTERMEDIATE, ROOT, ca_params, leaf_params};
use self::keys::CertificateKey;
pub use self::keys::{FileKeys, KeyName, KeyStore, PrivateKey};
use super::directory::{DirectoryError, at, sync_parent, write_private};

const LEAF_LIFETIME: Duration = Duration::days(7);
/// How long before its expiry a leaf is replaced, and before its issuance it becomes valid, to tolerate verifiers with
/// another clock.
const MARGIN: Duration = Duration::days(1);

/// Why the certificate authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A file of the authority is missing, or cannot be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A file of the authority has wrong contents.
    #[error(
        "{path} {problem}; restore its directory, or delete the directory to create a new certificate authority \
         (existing signatures will no longer verify)",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The problem, as a predicate of the file.
        problem: &'static str,
    },
    /// A certificate could not be issued.
    #[error("cannot issue a certificate: {0}")]
    Issue(#[from] rcgen::Error),
    /// The system's random number generator failed, or signing did.
    #[error("the system's random number generator failed")]
    Random,
}

/// A leaf certificate with its chain and its key.
#[derive(Debug)]
pub struct SigningIdentity {
    chain: Vec<Vec<u8>>,
    thumbprints: Vec<String>,
    key: Arc<dyn PrivateKey>,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

impl SigningIdentity {
    /// The certificates as DER: leaf, intermediate, root.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The lower-case hex SHA-256 of each certificate of the chain.
    #[must_use]
    pub fn thumbprints(&self) -> &[String] {
        &self.thumbprints
    }

    /// Signs with ES384; the signature has the JWS form `r || s`.
    ///
    /// # Errors
    /// Returns [`CaError`] if the key store cannot sign, which happens to keys in files only without random numbers.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CaError> {
        self.key.sign(message)
    }

    fn serves(&self, now: OffsetDateTime) -> bool {
        self.not_before <= now && now < self.not_after - MARGIN
    }
}

/// The certificate authority in a directory.
#[derive(Debug)]
pub struct CertificateAuthority {
    directory: PathBuf,
    keys: Box<dyn KeyStore>,
    root: Vec<u8>,
    intermediate: Vec<u8>,
    intermediate_key: CertificateKey,
    leaf: Mutex<Option<Arc<SigningIdentity>>>,
}

impl CertificateAuthority {
    /// Opens the authority in `directory`, with its keys in files there; creates one if the directory does not exist.
    ///
    /// # Errors
    /// Returns [`CaError`] if a file is missing, damaged or inaccessible, or the authority cannot be created.
    pub fn open(directory: &Path) -> Result<Self, CaError> {
        Self::open_with(directory, Box::new(FileKeys))
    }

    /// As [`CertificateAuthority::open`], with the keys in another store.
    ///
    /// # Errors
    /// Returns [`CaError`] if a file or a key is missing, damaged or inaccessible, or the authority cannot be created.
    pub fn open_with(directory: &Path, keys: Box<dyn KeyStore>) -> Result<Self, CaError> {
        if !directory.exists() {
            create(directory, &*keys)?;
        }
        let root_path = directory.join("root.pem");
        let intermediate_path = directory.join("intermediate.pem");
        let root = read_certificate(&root_path)?;
        let intermediate = read_certificate(&intermediate_path)?;
        let intermediate_key = CertificateKey(keys.open(directory, KeyName::Intermediate)?);

        let directory = directory.to_owned();
        let authority = Self { directory, keys, root, intermediate, intermediate_key, leaf: Mutex::new(None) };
        if !authority.is_consistent().unwrap_or(false) {
            let problem = "does not match the root or the key of the intermediate";
            return Err(CaError::Damaged { path: intermediate_path, problem });
        }
        let stored = authority.stored_leaf();
        *authority.leaf.lock().unwrap_or_else(PoisonError::into_inner) = stored.map(Arc::new);
        Ok(authority)
    }

    /// The PEM file with the root certificate, for a notation trust store.
    #[must_use]
    pub fn root_certificate(&self) -> PathBuf {
        self.directory.join("root.pem")
    }

    /// The root and the intermediate certificate as DER.
    #[must_use]
    pub fn issuers(&self) -> (&[u8], &[u8]) {
        (&self.root, &self.intermediate)
    }

    /// The signing certificate that was issued last, which may have expired; `None` before the first signature.
    #[must_use]
    pub fn last_leaf(&self) -> Option<Arc<SigningIdentity>> {
        self.leaf.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The signing certificate, chain and key for the time `now`; issues a new leaf if needed.
    ///
    /// # Errors
    /// Returns [`CaError`] if a new leaf is needed and cannot be issued or stored.
    pub fn signing_identity(&self, now: OffsetDateTime) -> Result<Arc<SigningIdentity>, CaError> {
        // The value is replaced as a whole, so it is consistent even if another thread panicked.
        let mut leaf = self.leaf.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = leaf.as_ref().filter(|identity| identity.serves(now)) {
            return Ok(Arc::clone(identity));
        }
        let identity = Arc::new(self.issue_leaf(now)?);
        *leaf = Some(Arc::clone(&identity));
        Ok(identity)
    }

    fn issue_leaf(&self, now: OffsetDateTime) -> Result<SigningIdentity, CaError> {
        // A crash between key and certificate leaves a pair that does not match, which is not used.
        let key = CertificateKey(self.keys.create(&self.directory, KeyName::Leaf)?);
        let not_before = now - MARGIN;
        let params = leaf_params(not_before, not_before + LEAF_LIFETIME)?;
        let issuer_params = ca_params(INTERMEDIATE)?;
        let issuer = Issuer::from_params(&issuer_params, &self.intermediate_key);
        let certificate = params.signed_by(&key, &issuer)?;
        let path = self.directory.join("leaf.pem");
        write_private(&path, certificate.pem().as_bytes())?;
        self.identity(key, certificate.der().to_vec())
            .ok_or(CaError::Damaged { path, problem: "was issued by another intermediate certificate" })
    }

    /// The leaf of an earlier process; `None` if it is missing or damaged, since a new one can be issued.
    fn stored_leaf(&self) -> Option<SigningIdentity> {
        let certificate = decode_pem(&fs::read_to_string(self.directory.join("leaf.pem")).ok()?)?;
        let key = self.keys.open(&self.directory, KeyName::Leaf).ok()?;
        self.identity(CertificateKey(key), certificate)
    }

    /// The identity of a leaf; `None` unless it belongs to the key and names the intermediate as its issuer.
    fn identity(&self, key: CertificateKey, certificate: Vec<u8>) -> Option<SigningIdentity> {
        let leaf = Certificate::from_der(&certificate).ok()?;
        let intermediate = Certificate::from_der(&self.intermediate).ok()?;
        let tbs = leaf.tbs_certificate();
        let fits = tbs.issuer() == intermediate.tbs_certificate().subject() && is_key_of(&key, &leaf);
        let validity = tbs.validity();
        let time = |time: x509_cert::time::Time| {
            OffsetDateTime::from_unix_timestamp(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
        };
        let not_before = time(validity.not_before)?;
        let not_after = time(validity.not_after)?;
        let chain = vec![certificate, self.intermediate.clone(), self.root.clone()];
        let thumbprints = chain.iter().map(|certificate| hex::encode(digest(&SHA256, certificate))).collect();
        fits.then_some(SigningIdentity { chain, thumbprints, key: key.0, not_before, not_after })
    }

    fn is_consistent(&self) -> Option<bool> {
        let root = Certificate::from_der(&self.root).ok()?;
        let intermediate = Certificate::from_der(&self.intermediate).ok()?;
        let issued = intermediate.tbs_certificate().issuer() == root.tbs_certificate().subject();
        Some(issued && is_key_of(&self.intermediate_key, &intermediate))
    }
}

/// Creates root and intermediate in a temporary directory and renames it to `directory`.
fn create(directory: &Path, keys: &dyn KeyStore) -> Result<(), CaError> {
    let new = directory.with_extension("new");
    if new.exists() {
        // Left by a process that was interrupted here; these certificates were never used.
        fs::remove_dir_all(&new).map_err(at(&new))?;
    }
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700).create(&new).map_err(at(&new))?;

    // The root's key is kept for future intermediates; nothing reads it now.
    let root_key = CertificateKey(keys.create(&new, KeyName::Root)?);
    let intermediate_key = CertificateKey(keys.create(&new, KeyName::Intermediate)?);
    let root_params = ca_params(ROOT)?;
    let root = root_params.self_signed(&root_key)?;
    let issuer = Issuer::from_params(&root_params, &root_key);
    let intermediate = ca_params(INTERMEDIATE)?.signed_by(&intermediate_key, &issuer)?;
    for (name, contents) in [("root.pem", root.pem()), ("intermediate.pem", intermediate.pem())] {
        write_private(&new.join(name), contents.as_bytes())?;
    }
    fs::rename(&new, directory).map_err(at(directory))?;
    Ok(sync_parent(directory)?)
}

fn read(path: &Path) -> Result<String, CaError> {
    Ok(fs::read_to_string(path).map_err(at(path))?)
}

fn read_certificate(path: &Path) -> Result<Vec<u8>, CaError> {
    decode_pem(&read(path)?)
        .filter(|der| Certificate::from_der(der).is_ok())
        .ok_or_else(|| CaError::Damaged { path: path.to_owned(), problem: "does not contain a certificate" })
}

/// Decodes a text with one PEM block, as written by this program.
fn decode_pem(text: &str) -> Option<Vec<u8>> {
    let base64: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    STANDARD.decode(base64).ok().filter(|der| !der.is_empty())
}

fn is_key_of(key: &CertificateKey, certificate: &Certificate) -> bool {
    let public_key = certificate.tbs_certificate().subject_public_key_info().to_der();
    public_key.is_ok_and(|public_key| public_key == key.subject_public_key_info())
}

#[cfg(test)]
mod tests;
