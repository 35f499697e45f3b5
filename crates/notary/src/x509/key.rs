//! Public keys of certificates and verification of their signatures: RFC 5280, RFC 5480, RFC 4055.

use aws_lc_rs::signature;
use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Reader, SliceReader};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::pss;
use crate::DigestAlgorithm;
use crate::algorithm_identifier::{has_none_or_null, has_null};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// A public key of a type that the Notary Project supports: an uncompressed point, or an RSAPublicKey in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// An RSA key.
    Rsa {
        /// Length of the modulus in bits.
        bits: usize,
        /// RSAPublicKey, RFC 8017.
        der: Vec<u8>,
    },
    /// A point on P-256.
    P256(Vec<u8>),
    /// A point on P-384.
    P384(Vec<u8>),
    /// A point on P-521.
    P521(Vec<u8>),
}

impl PublicKey {
    pub(super) fn from_spki(spki: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        let bytes = spki.subject_public_key.as_bytes()?.to_vec();
        match spki.algorithm.oid {
            // "The parameters field MUST have ASN.1 type NULL for this algorithm identifier" (RFC 3279, 2.3.1).
            RSA_ENCRYPTION if !has_null(&spki.algorithm) => None,
            RSA_ENCRYPTION => Some(Self::Rsa { bits: modulus_bits(&bytes).ok()?, der: bytes }),
            EC_PUBLIC_KEY => match spki.algorithm.parameters.as_ref()?.decode_as().ok()? {
                P256 if is_uncompressed(&bytes, 32) => Some(Self::P256(bytes)),
                P384 if is_uncompressed(&bytes, 48) => Some(Self::P384(bytes)),
                P521 if is_uncompressed(&bytes, 66) => Some(Self::P521(bytes)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the bytes of the key in the form of its variant.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Rsa { der: bytes, .. } | Self::P256(bytes) | Self::P384(bytes) | Self::P521(bytes) => bytes,
        }
    }

    /// Whether the key made a signature of CMS (RFC 5652), whose algorithm may leave the hash function to the digest
    /// algorithm of the signer. `None` if the algorithm is not supported, or does not fit the key or the digest
    /// algorithm.
    pub(crate) fn verify_cms(
        &self,
        digest: DigestAlgorithm,
        algorithm: &AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        let own = match (digest, algorithm.oid) {
            // "the AlgorithmIdentifier parameters field MUST contain NULL" (RFC 3370, 3.2).
            (_, RSA_ENCRYPTION) if !has_null(algorithm) => return None,
            // "rsaEncryption" with the digest algorithm (RFC 3370, 3.2): the same signature as with a combined one.
            (DigestAlgorithm::Sha256, RSA_ENCRYPTION) => SHA256_WITH_RSA,
            (DigestAlgorithm::Sha384, RSA_ENCRYPTION) => SHA384_WITH_RSA,
            (DigestAlgorithm::Sha512, RSA_ENCRYPTION) => SHA512_WITH_RSA,
            (DigestAlgorithm::Sha256, ECDSA_WITH_SHA256 | SHA256_WITH_RSA)
            | (DigestAlgorithm::Sha384, ECDSA_WITH_SHA384 | SHA384_WITH_RSA)
            | (DigestAlgorithm::Sha512, ECDSA_WITH_SHA512 | SHA512_WITH_RSA) => algorithm.oid,
            (_, RSASSA_PSS) if pss_hash(algorithm) == Some(digest) => RSASSA_PSS,
            _ => return None,
        };
        let parameters = algorithm.parameters.clone();
        let verification = algorithm_for(self, &AlgorithmIdentifierOwned { oid: own, parameters })?;
        Some(UnparsedPublicKey::new(verification, self.bytes()).verify(message, signature).is_ok())
    }

    /// Whether the key has the minimum length of the specification: 2048 bits for RSA, 256 for EC.
    #[must_use]
    pub fn is_long_enough(&self) -> bool {
        !matches!(self, Self::Rsa { bits, .. } if *bits < 2048)
    }
}

/// Whether a point is uncompressed, the form that RFC 5480 requires implementations to support. Support for the
/// compressed form is optional and notation rejects it, so accepting it here would give a different verdict.
fn is_uncompressed(point: &[u8], coordinate: usize) -> bool {
    point.first() == Some(&4) && point.len() == 1 + 2 * coordinate
}

fn modulus_bits(der: &[u8]) -> der::Result<usize> {
    let mut reader = SliceReader::new(der)?;
    let modulus = reader.sequence(|r| {
        let modulus = UintRef::decode(r)?;
        UintRef::decode(r)?;
        Ok::<_, der::Error>(modulus)
    })?;
    reader.finish()?;
    let bytes = modulus.as_bytes();
    let leading = bytes.first().map_or(0, |b| b.leading_zeros() as usize);
    Ok(bytes.len() * 8 - leading)
}

/// Whether `signature` over `message` was made by `key` with `algorithm`. Always false for algorithms not listed here,
/// such as those with SHA-1 or MD5.
pub(super) fn verify(key: &PublicKey, algorithm: &AlgorithmIdentifierOwned, message: &[u8], signature: &[u8]) -> bool {
    algorithm_for(key, algorithm)
        .is_some_and(|a| UnparsedPublicKey::new(a, key.bytes()).verify(message, signature).is_ok())
}

/// Whether the algorithm, with its parameters, may sign certificates and what belongs to them, whatever the key: RSA or
/// ECDSA with SHA-256, SHA-384 or SHA-512.
pub fn is_supported_algorithm(algorithm: &AlgorithmIdentifierOwned) -> bool {
    match algorithm.oid {
        // "the encoding MUST omit the parameters field" (RFC 5758, 3.2).
        ECDSA_WITH_SHA256 | ECDSA_WITH_SHA384 | ECDSA_WITH_SHA512 => algorithm.parameters.is_none(),
        SHA256_WITH_RSA | SHA384_WITH_RSA | SHA512_WITH_RSA => has_none_or_null(algorithm),
        RSASSA_PSS => pss_hash(algorithm).is_some(),
        _ => false,
    }
}

fn algorithm_for(key: &PublicKey, algorithm: &AlgorithmIdentifierOwned) -> Option<&'static dyn VerificationAlgorithm> {
    if !is_supported_algorithm(algorithm) {
        return None;
    }
    Some(match (key, algorithm.oid) {
        (PublicKey::P256(_), ECDSA_WITH_SHA256) => &signature::ECDSA_P256_SHA256_ASN1,
        (PublicKey::P256(_), ECDSA_WITH_SHA384) => &signature::ECDSA_P256_SHA384_ASN1,
        (PublicKey::P256(_), ECDSA_WITH_SHA512) => &signature::ECDSA_P256_SHA512_ASN1,
        (PublicKey::P384(_), ECDSA_WITH_SHA256) => &signature::ECDSA_P384_SHA256_ASN1,
        (PublicKey::P384(_), ECDSA_WITH_SHA384) => &signature::ECDSA_P384_SHA384_ASN1,
        (PublicKey::P384(_), ECDSA_WITH_SHA512) => &signature::ECDSA_P384_SHA512_ASN1,
        (PublicKey::P521(_), ECDSA_WITH_SHA256) => &signature::ECDSA_P521_SHA256_ASN1,
        (PublicKey::P521(_), ECDSA_WITH_SHA384) => &signature::ECDSA_P521_SHA384_ASN1,
        (PublicKey::P521(_), ECDSA_WITH_SHA512) => &signature::ECDSA_P521_SHA512_ASN1,
        (PublicKey::Rsa { .. }, SHA256_WITH_RSA) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (PublicKey::Rsa { .. }, SHA384_WITH_RSA) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (PublicKey::Rsa { .. }, SHA512_WITH_RSA) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (PublicKey::Rsa { .. }, RSASSA_PSS) => match pss_hash(algorithm)? {
            DigestAlgorithm::Sha256 => &signature::RSA_PSS_2048_8192_SHA256,
            DigestAlgorithm::Sha384 => &signature::RSA_PSS_2048_8192_SHA384,
            DigestAlgorithm::Sha512 => &signature::RSA_PSS_2048_8192_SHA512,
        },
        _ => return None,
    })
}

fn pss_hash(algorithm: &AlgorithmIdentifierOwned) -> Option<DigestAlgorithm> {
    pss::hash(algorithm.parameters.as_ref()?)
}
