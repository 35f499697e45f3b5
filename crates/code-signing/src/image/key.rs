//! Keys that sign images.

use std::fmt;

use aws_lc_rs::digest::{Algorithm, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    UnparsedPublicKey, VerificationAlgorithm,
};
use notary::x509::PublicKey;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

use super::algorithm::{EncryptionAlgorithm, HashAlgorithm};
use super::rsa_sha1;

/// A private key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No private key in PEM.
    #[error("it has no private key in PEM (PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY, not encrypted)")]
    NoKey,
    /// A key of another type, or a damaged one.
    #[error("its key is neither RSA with 2048 to 4096 bits nor on P-256, P-384 or P-521, or it is damaged")]
    Unsupported,
}

/// A private key. `Debug` shows only its type.
pub(super) enum SigningKey {
    /// An RSA key.
    Rsa {
        /// The key.
        pair: RsaKeyPair,
        /// The same key, for SHA-1.
        legacy: rsa_sha1::PrivateKey,
    },
    /// A key on a curve.
    Ecdsa {
        /// The key.
        pair: EcdsaKeyPair,
        /// The hash function that aws-lc-rs pairs with the curve.
        paired: &'static Algorithm,
    },
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.encryption()).finish()
    }
}

impl SigningKey {
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyError::NoKey)?;
        let der = key.secret_der();
        let rsa = match &key {
            PrivateKeyDer::Pkcs1(_) => RsaKeyPair::from_der(der).ok(),
            PrivateKeyDer::Pkcs8(_) => RsaKeyPair::from_pkcs8(der).ok(),
            _ => None,
        };
        if let Some(pair) = rsa {
            let legacy = rsa_sha1::PrivateKey::from_der(der).ok_or(KeyError::Unsupported)?;
            return match pair.public_modulus_len() {
                256..=512 => Ok(Self::Rsa { pair, legacy }),
                _ => Err(KeyError::Unsupported),
            };
        }
        let curves: [(&'static EcdsaSigningAlgorithm, &'static Algorithm); 3] = [
            (&ECDSA_P256_SHA256_ASN1_SIGNING, &SHA256),
            (&ECDSA_P384_SHA384_ASN1_SIGNING, &SHA384),
            (&ECDSA_P521_SHA512_ASN1_SIGNING, &SHA512),
        ];
        let on_curve = |(curve, paired)| {
            let pair = match &key {
                PrivateKeyDer::Sec1(_) => EcdsaKeyPair::from_private_key_der(curve, der),
                _ => EcdsaKeyPair::from_pkcs8(curve, der),
            };
            Some(Self::Ecdsa { pair: pair.ok()?, paired })
        };
        curves.into_iter().find_map(on_curve).ok_or(KeyError::Unsupported)
    }

    pub(super) fn encryption(&self) -> EncryptionAlgorithm {
        match self {
            Self::Rsa { .. } => EncryptionAlgorithm::Rsa,
            Self::Ecdsa { .. } => EncryptionAlgorithm::Ecdsa,
        }
    }

    /// The public key as it is in a certificate: an RSAPublicKey in DER, or an uncompressed point.
    pub(super) fn public_key(&self) -> &[u8] {
        match self {
            Self::Rsa { pair, .. } => pair.public_key().as_ref(),
            Self::Ecdsa { pair, .. } => pair.public_key().as_ref(),
        }
    }

    /// Signs a hash. `None` without random numbers, or if the key is broken.
    pub(super) fn sign(&self, hash: HashAlgorithm, digest: &Digest) -> Option<Vec<u8>> {
        match self {
            Self::Rsa { legacy, .. } if hash == HashAlgorithm::Sha1 => legacy.sign(self.public_key(), digest),
            Self::Rsa { pair, .. } => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, digest, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ecdsa { pair, paired } => Some(pair.sign_digest(&widened(digest, paired)?).ok()?.as_ref().to_vec()),
        }
    }
}

/// Whether a signature of a hash was made with the key of a certificate.
pub(super) fn verify(key: &PublicKey, hash: HashAlgorithm, digest: &Digest, signature: &[u8]) -> bool {
    let (algorithm, digest): (&'static dyn VerificationAlgorithm, _) = match (key, hash) {
        (PublicKey::Rsa { .. }, HashAlgorithm::Sha1) => (&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, Some(*digest)),
        (PublicKey::Rsa { .. }, HashAlgorithm::Sha256) => (&RSA_PKCS1_2048_8192_SHA256, Some(*digest)),
        (PublicKey::P256(_), _) => (&ECDSA_P256_SHA256_ASN1, widened(digest, &SHA256)),
        (PublicKey::P384(_), _) => (&ECDSA_P384_SHA384_ASN1, widened(digest, &SHA384)),
        (PublicKey::P521(_), _) => (&ECDSA_P521_SHA512_ASN1, widened(digest, &SHA512)),
    };
    digest
        .is_some_and(|digest| UnparsedPublicKey::new(algorithm, key.bytes()).verify_digest(&digest, signature).is_ok())
}

/// A hash as a longer one, with zeros before it. ECDSA takes a hash as a number (FIPS 186-5, section 6.4.1), and a
/// number stays the same with zeros before it. So aws-lc-rs, which pairs each curve with one hash function, signs a
/// shorter hash with it, too.
fn widened(digest: &Digest, to: &'static Algorithm) -> Option<Digest> {
    let mut bytes = vec![0; to.output_len().checked_sub(digest.as_ref().len())?];
    bytes.extend(digest.as_ref());
    Digest::import_less_safe(&bytes, to).ok()
}
