//! The algorithms of the platforms, with AWS Signer's names and those in a signed image.

use aws_lc_rs::digest::{Algorithm, Context, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use crate::content::{Content, for_each_piece};

/// A type of key, in AWS Signer's words an encryption algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionAlgorithm {
    /// RSASSA-PKCS1-v1_5.
    Rsa,
    /// ECDSA, with signatures in DER.
    Ecdsa,
}

impl EncryptionAlgorithm {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::Ecdsa => "ECDSA",
        }
    }

    /// The algorithm with this name in the API.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rsa, Self::Ecdsa].into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// SHA-1, which the boot loader of TI's CC3220SF requires. It is broken: do not use it for anything else.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl HashAlgorithm {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The function with this name in the API.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256].into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &SHA256,
        }
    }

    /// Hashes a content piece by piece.
    pub(crate) fn hash(self, content: &(impl Content + ?Sized)) -> std::io::Result<Digest> {
        let mut context = Context::new(self.algorithm());
        for_each_piece(content, 0..content.size()?, |piece| {
            context.update(piece);
            Ok::<(), std::io::Error>(())
        })?;
        Ok(context.finish())
    }
}

/// The algorithm of a signature, as a signed image names it: `SHA256withECDSA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureName {
    /// The hash function.
    pub hash: HashAlgorithm,
    /// The type of the key.
    pub encryption: EncryptionAlgorithm,
}

impl SignatureName {
    /// All algorithms.
    pub const ALL: [Self; 4] = [
        Self { hash: HashAlgorithm::Sha256, encryption: EncryptionAlgorithm::Ecdsa },
        Self { hash: HashAlgorithm::Sha256, encryption: EncryptionAlgorithm::Rsa },
        Self { hash: HashAlgorithm::Sha1, encryption: EncryptionAlgorithm::Ecdsa },
        Self { hash: HashAlgorithm::Sha1, encryption: EncryptionAlgorithm::Rsa },
    ];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match (self.hash, self.encryption) {
            (HashAlgorithm::Sha1, EncryptionAlgorithm::Rsa) => "SHA1withRSA",
            (HashAlgorithm::Sha1, EncryptionAlgorithm::Ecdsa) => "SHA1withECDSA",
            (HashAlgorithm::Sha256, EncryptionAlgorithm::Rsa) => "SHA256withRSA",
            (HashAlgorithm::Sha256, EncryptionAlgorithm::Ecdsa) => "SHA256withECDSA",
        }
    }

    /// The algorithm with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}
