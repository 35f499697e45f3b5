//! Where private keys are kept: one small interface, so that another key store, such as a hardware module, can take the
//! place of files. All keys of the authority are P-384 keys that sign with SHA-384.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use der::Encode as _;
use der::asn1::Uint;
use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384, PublicKeyData, SignatureAlgorithm, SigningKey};

use super::CaError;
use super::certificate::new_key;
use crate::directory::{at, write_private};

/// The keys of a certificate authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyName {
    /// Signs the certificate of the intermediate.
    Root,
    /// Signs the certificates of leaves.
    Intermediate,
    /// Signs payloads.
    Leaf,
}

impl KeyName {
    /// The name in a store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::Leaf => "leaf",
        }
    }
}

/// A place for private keys.
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// Creates a key, in place of an earlier one of the same authority and name. It is durable when this returns.
    /// `folder` belongs to the authority: the store keeps there what it needs to find the key again.
    ///
    /// # Errors
    /// Returns [`CaError`] if the key cannot be created.
    fn create(&self, folder: &Path, name: KeyName) -> Result<Arc<dyn PrivateKey>, CaError>;

    /// Opens a key that was created before.
    ///
    /// # Errors
    /// Returns [`CaError`] if there is no such key, or it cannot be used.
    fn open(&self, folder: &Path, name: KeyName) -> Result<Arc<dyn PrivateKey>, CaError>;
}

/// A P-384 key.
pub trait PrivateKey: fmt::Debug + Send + Sync {
    /// The public key as an uncompressed point.
    fn public_key(&self) -> &[u8];

    /// Signs with ECDSA and SHA-384; the signature has the JWS form `r || s`.
    ///
    /// # Errors
    /// Returns [`CaError`] if signing fails.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CaError>;
}

/// Keys in PEM files with mode 0600 in the folder of the authority.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileKeys;

impl KeyStore for FileKeys {
    fn create(&self, folder: &Path, name: KeyName) -> Result<Arc<dyn PrivateKey>, CaError> {
        let pair = new_key()?;
        let path = path(folder, name);
        write_private(&path, pair.serialize_pem().as_bytes())?;
        file_key(&pair, path)
    }

    fn open(&self, folder: &Path, name: KeyName) -> Result<Arc<dyn PrivateKey>, CaError> {
        let path = path(folder, name);
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        match KeyPair::from_pkcs8_pem_and_sign_algo(&text, &PKCS_ECDSA_P384_SHA384) {
            Ok(pair) => file_key(&pair, path),
            Err(_) => Err(damaged(path)),
        }
    }
}

fn path(folder: &Path, name: KeyName) -> PathBuf {
    folder.join(format!("{}-key.pem", name.as_str()))
}

fn file_key(pair: &KeyPair, path: PathBuf) -> Result<Arc<dyn PrivateKey>, CaError> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, pair.serialized_der());
    Ok(Arc::new(FileKey(pair.map_err(|_| damaged(path))?)))
}

fn damaged(path: PathBuf) -> CaError {
    CaError::Damaged { path, problem: "does not contain a P-384 key" }
}

#[derive(Debug)]
struct FileKey(EcdsaKeyPair);

impl PrivateKey for FileKey {
    fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CaError> {
        let signature = self.0.sign(&SystemRandom::new(), message).map_err(|_| CaError::Random)?;
        Ok(signature.as_ref().to_vec())
    }
}

/// A key as the issuer or the subject of certificates.
#[derive(Debug, Clone)]
pub struct CertificateKey(pub Arc<dyn PrivateKey>);

impl PublicKeyData for CertificateKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P384_SHA384
    }
}

impl SigningKey for CertificateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.0.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        x509_signature(&signature).ok_or(rcgen::Error::RemoteKeyError)
    }
}

/// The form of a signature in certificates: a DER sequence of `r` and `s`.
fn x509_signature(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at(signature.len() / 2);
    vec![Uint::new(r).ok()?, Uint::new(s).ok()?].to_der().ok()
}
