//! Why a timestamp is rejected.

use der::asn1::ObjectIdentifier;
use time::OffsetDateTime;

use super::MAX_TOKEN_SIZE;
use crate::ReasonCode;
use crate::text::rfc3339;
use crate::x509::{CertificateError, ChainError, MAX_CERTIFICATES};

/// Why a timestamp token is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// The token is larger than [`MAX_TOKEN_SIZE`].
    #[error("the timestamp has {0} bytes, at most {MAX_TOKEN_SIZE} are allowed")]
    TooLarge(usize),
    /// A part of the token is not the DER encoding of what RFC 3161 requires.
    #[error("the timestamp is malformed: {part}: {why}")]
    Malformed {
        /// The part, in the words of the RFCs.
        part: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The content of a part has another type.
    #[error("the timestamp is malformed: {part} is {found}, not {expected}")]
    Type {
        /// The part, in the words of the RFCs.
        part: &'static str,
        /// The type.
        found: ObjectIdentifier,
        /// The name of the required type.
        expected: &'static str,
    },
    /// A part has another version than the one that RFC 3161 and RFC 5652 require.
    #[error("the version of {part} is {found}, not {expected}")]
    Version {
        /// The part, in the words of the RFCs.
        part: &'static str,
        /// The version.
        found: u8,
        /// The required version.
        expected: u8,
    },
    /// The token has no signature, or more than one: "The time-stamp token MUST NOT contain any signatures other than
    /// the signature of the TSA" (RFC 3161, 2.4.2).
    #[error("the timestamp has {0} signatures, exactly one is required")]
    Signatures(usize),
    /// The token has too many certificates.
    #[error("the timestamp has more than {MAX_CERTIFICATES} certificates")]
    TooManyCertificates,
    /// A certificate of the token is malformed. Positions count from 0.
    #[error("certificate {position} of the timestamp: {source}")]
    Certificate {
        /// Its position.
        position: usize,
        /// The error.
        source: CertificateError,
    },
    /// A signed attribute is missing.
    #[error("the timestamp has no signed attribute {0}")]
    MissingAttribute(&'static str),
    /// A signed attribute that must be unique is there twice, or has several values.
    #[error("the timestamp has the signed attribute {0} more than once")]
    DuplicateAttribute(&'static str),
    /// The content does not have the digest that was signed.
    #[error("the content of the timestamp is not what was signed: its digest differs from messageDigest")]
    MessageDigest,
    /// A hash function other than SHA-256, SHA-384 and SHA-512.
    #[error("{part} is {found}; SHA-256, SHA-384 or SHA-512 is required")]
    Hash {
        /// The part, in the words of the RFCs.
        part: &'static str,
        /// The function.
        found: ObjectIdentifier,
    },
    /// The algorithm of the signature is not supported, or does not fit the key or the digest algorithm.
    #[error(
        "the signature algorithm {0} of the timestamp, with its parameters, is not supported with this key and digest \
         algorithm"
    )]
    Algorithm(ObjectIdentifier),
    /// The signing certificate's key has a type or size that the specification does not allow.
    #[error(
        "unsupported key in the timestamp's signing certificate ({0}): RSA with 2048, 3072 or 4096 bits, P-256, P-384 \
         or P-521 is required"
    )]
    UnsupportedKey(String),
    /// The token does not include the certificate that signed it.
    #[error("the timestamp does not include its signing certificate")]
    NoSigningCertificate,
    /// The signing certificate is not the one that the attribute `signingCertificateV2` or `signingCertificate` names.
    #[error("the signed attribute {attribute} names another certificate than {subject}")]
    OtherCertificate {
        /// The attribute.
        attribute: &'static str,
        /// The subject of the certificate.
        subject: String,
    },
    /// A certificate of the chain is not among those to which the attribute limits the chain.
    #[error("the signed attribute {attribute} does not allow the certificate {subject} in the chain of the timestamp")]
    UnlistedCertificate {
        /// The attribute.
        attribute: &'static str,
        /// The subject of the certificate.
        subject: String,
    },
    /// The signature of the token does not verify.
    #[error("the timestamp's signature does not verify: it was altered or signed with another key")]
    Signature,
    /// The timestamp is for another message.
    #[error("the timestamp is for another signature: the hash in its messageImprint differs")]
    OtherMessage,
    /// The content has a critical extension.
    #[error("the timestamp has the unsupported critical extension {0}")]
    CriticalExtension(ObjectIdentifier),
    /// The name of the authority is not a name of the signing certificate.
    #[error("the timestamp names another timestamping authority than its signing certificate ({0})")]
    OtherAuthority(String),
    /// The limits of the time cannot be expressed as times.
    #[error("the accuracy of the timestamp at {} is too low to have a beginning and an end", rfc3339(*.0))]
    Accuracy(OffsetDateTime),
    /// No certificate of the trust store is at the end of a chain from the signing certificate.
    #[error(
        "the certificate that signed the timestamp ({subject}) does not lead to a root certificate that is trusted"
    )]
    UntrustedChain {
        /// The subject of the signing certificate.
        subject: String,
        /// The name of the certificate that is missing: the issuer of the last one that was found.
        issuer: String,
    },
    /// The token has so many similar certificates that its chain is not looked for any more.
    #[error("the timestamp has too many certificates of the same names to find its chain")]
    TooManyPaths,
    /// The chain is invalid.
    #[error("the chain of the timestamp: {0}")]
    Chain(ChainError),
}

impl TimestampError {
    pub(super) fn malformed(part: &'static str) -> impl Fn(der::Error) -> Self {
        move |why| Self::Malformed { part, why: why.to_string() }
    }

    pub(super) fn wrong(part: &'static str, why: &str) -> Self {
        Self::Malformed { part, why: why.to_owned() }
    }

    /// Returns the stable name of the kind of failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::UntrustedChain { .. } => ReasonCode::Untrusted,
            _ => ReasonCode::Timestamp,
        }
    }
}
