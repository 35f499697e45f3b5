//! Signature algorithms: `signature-specification.md`, "Algorithm Selection", and their names in JWS
//! and COSE.

use aws_lc_rs::signature;
use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};

use crate::x509::PublicKey;

/// A signature algorithm, determined by the key of the signing certificate alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PSS with SHA-256, for RSA keys of 2048 bits.
    Ps256,
    /// RSASSA-PSS with SHA-384, for RSA keys of 3072 bits.
    Ps384,
    /// RSASSA-PSS with SHA-512, for RSA keys of 4096 bits.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
}

impl SignatureAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 6] = [Self::Ps256, Self::Ps384, Self::Ps512, Self::Es256, Self::Es384, Self::Es512];

    /// Returns the algorithm for `key`, or `None` if the specification does not allow its type or size for signing.
    #[must_use]
    pub fn from_key(key: &PublicKey) -> Option<Self> {
        match key {
            PublicKey::Rsa { bits: 2048, .. } => Some(Self::Ps256),
            PublicKey::Rsa { bits: 3072, .. } => Some(Self::Ps384),
            PublicKey::Rsa { bits: 4096, .. } => Some(Self::Ps512),
            PublicKey::Rsa { .. } => None,
            PublicKey::P256(_) => Some(Self::Es256),
            PublicKey::P384(_) => Some(Self::Es384),
            PublicKey::P521(_) => Some(Self::Es512),
        }
    }

    /// Returns the value of the JWS header `alg`.
    #[must_use]
    pub fn jws_name(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    /// Returns the value of the COSE header parameter `alg`.
    #[must_use]
    pub fn cose_value(self) -> i64 {
        match self {
            Self::Ps256 => -37,
            Self::Ps384 => -38,
            Self::Ps512 => -39,
            Self::Es256 => -7,
            Self::Es384 => -35,
            Self::Es512 => -36,
        }
    }

    /// Returns the algorithm with this value of the COSE header parameter `alg`.
    pub(super) fn from_cose_value(value: i128) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| i128::from(algorithm.cose_value()) == value)
    }

    pub(super) fn verify(self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &dyn VerificationAlgorithm = match self {
            Self::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
            Self::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
            Self::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
        };
        UnparsedPublicKey::new(algorithm, key.bytes()).verify(message, signature).is_ok()
    }
}
