//! A private key in a PEM file with its certificates: for tests and small teams. Keys in files can be copied; a service
//! or a hardware module is the better place.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use notary::envelope::SignatureAlgorithm;
use notary::envelope::build::UnprotectedAttributes;
use notary::x509::Certificate;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::{self, PemObject as _};

use super::error::OwnSignError;
use super::{SIGNING_AGENT, SigningOptions, to_be_signed};
use crate::trust_store::{read_certificates, read_trust_file};

/// A key with its certificates.
#[derive(Debug)]
pub struct LocalKey {
    pair: Pair,
    algorithm: SignatureAlgorithm,
    chain: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum Pair {
    Ecdsa(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
}

impl LocalKey {
    /// Reads a private key in PEM (PKCS #8, PKCS #1 or SEC 1, not encrypted) and the certificate chain in PEM or DER,
    /// the certificate of the key first and the root last.
    ///
    /// # Errors
    /// Returns [`OwnSignError`] if a file cannot be read, or the key does not belong to the first certificate or must
    /// not sign.
    pub fn read(key: &Path, chain: &Path) -> Result<Self, OwnSignError> {
        let certificates = read_certificates(chain)?;
        let unusable = |why: &str| OwnSignError::Key { path: key.to_owned(), why: why.to_owned() };
        let pem = read_trust_file(key)?;
        if is_encrypted(&pem) {
            return Err(OwnSignError::EncryptedKey { path: key.to_owned() });
        }
        let der = PrivateKeyDer::from_pem_slice(&pem).map_err(|why| match why {
            pem::Error::NoItemsFound => unusable("there is no section PRIVATE KEY"),
            why => unusable(&why.to_string()),
        })?;
        // A file with certificates has at least one.
        let Some(leaf) = certificates.first() else { return Err(unusable("there is no certificate")) };
        let subject = leaf.subject().to_owned();
        let algorithm = leaf.public_key().and_then(SignatureAlgorithm::from_key);
        let algorithm = algorithm.ok_or_else(|| OwnSignError::UnsupportedKey { subject: subject.clone() })?;
        let pair = Pair::new(algorithm, &der).ok_or(OwnSignError::OtherCertificate { subject })?;
        if leaf.public_key().map(|key| key.bytes()) != Some(pair.public_key()) {
            return Err(OwnSignError::OtherCertificate { subject: leaf.subject().to_owned() });
        }
        let chain = certificates.iter().map(Certificate::der).map(<[u8]>::to_vec).collect();
        Ok(Self { pair, algorithm, chain })
    }

    /// The algorithm of the key's signatures.
    pub(super) fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Signs a payload.
    pub(super) fn sign(&self, payload: &[u8], options: &SigningOptions) -> Result<Vec<u8>, OwnSignError> {
        let unsigned = to_be_signed(payload, self.algorithm, options)?;
        let signature = self.pair.sign(unsigned.bytes()).ok_or(OwnSignError::Signing)?;
        let unprotected =
            UnprotectedAttributes { chain: &self.chain, signing_agent: SIGNING_AGENT, timestamp_signature: None };
        Ok(unsigned.into_envelope(&signature, unprotected))
    }
}

/// Whether a key in PEM needs a password: RFC 7468, section 11, for PKCS #8, and RFC 1421 for the older forms.
fn is_encrypted(pem: &[u8]) -> bool {
    let has = |text: &[u8]| pem.windows(text.len()).any(|part| part == text);
    has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED")
}

impl Pair {
    /// `None` if the key is of another type than the algorithm needs.
    fn new(algorithm: SignatureAlgorithm, key: &PrivateKeyDer<'_>) -> Option<Self> {
        use SignatureAlgorithm::{Es256, Es384, Es512, Ps256, Ps384, Ps512};
        match algorithm {
            Es256 => Self::ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, key),
            Es384 => Self::ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, key),
            Es512 => Self::ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING, key),
            Ps256 => Self::rsa(&RSA_PSS_SHA256, key),
            Ps384 => Self::rsa(&RSA_PSS_SHA384, key),
            Ps512 => Self::rsa(&RSA_PSS_SHA512, key),
        }
    }

    fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, key: &PrivateKeyDer<'_>) -> Option<Self> {
        let pair = match key {
            PrivateKeyDer::Pkcs8(key) => EcdsaKeyPair::from_pkcs8(algorithm, key.secret_pkcs8_der()).ok()?,
            PrivateKeyDer::Sec1(key) => EcdsaKeyPair::from_private_key_der(algorithm, key.secret_sec1_der()).ok()?,
            _ => return None,
        };
        Some(Self::Ecdsa(Box::new(pair)))
    }

    fn rsa(encoding: &'static dyn RsaEncoding, key: &PrivateKeyDer<'_>) -> Option<Self> {
        let pair = match key {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok()?,
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()).ok()?,
            _ => return None,
        };
        Some(Self::Rsa(Box::new(pair), encoding))
    }

    fn public_key(&self) -> &[u8] {
        match self {
            Self::Ecdsa(pair) => pair.public_key().as_ref(),
            Self::Rsa(pair, _) => pair.public_key().as_ref(),
        }
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(pair) => pair.sign(&random, message).ok().map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).ok().map(|()| signature)
            }
        }
    }
}
