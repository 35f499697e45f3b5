//! A parsed signature envelope, the same whatever its form.

use super::attributes::{AttributeError, SignedAttributes};
use super::parameter::Parameter;
use super::{EnvelopeFormat, cose, jws};
use crate::cbor::CborError;
use crate::json::JsonError;
use crate::x509::{CertificateChain, ChainCache, ChainError};

/// The maximum size of an envelope in bytes.
pub const MAX_ENVELOPE_SIZE: usize = 10 * 1024 * 1024;

/// An invalid signature envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The envelope is larger than [`MAX_ENVELOPE_SIZE`].
    #[error("the envelope has {0} bytes, at most {MAX_ENVELOPE_SIZE} are allowed")]
    TooLarge(usize),
    /// The envelope is not valid JSON, or a member is missing or has the wrong type.
    #[error("the envelope is malformed: {0}")]
    Json(#[from] JsonError),
    /// The envelope is not valid CBOR, or an element is missing or has the wrong type.
    #[error("the envelope is malformed: {0}")]
    Cbor(#[from] CborError),
    /// The CBOR is not a `COSE_Sign1_Tagged`.
    #[error("the envelope is malformed: {0}")]
    NotSign1(&'static str),
    /// A member is not valid base64.
    #[error("the envelope is malformed: {0} is not {1}")]
    Base64(String, &'static str),
    /// The unprotected header has a parameter that belongs in the protected header.
    #[error("the unprotected header has {0}, which only the protected header may have")]
    UnprotectedClaim(Parameter),
    /// Both headers have the same parameter.
    #[error("both headers have {0}, which only one of them may have")]
    InBothHeaders(Parameter),
    /// The protected header is invalid.
    #[error(transparent)]
    Attributes(#[from] AttributeError),
    /// The certificate chain cannot be parsed.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// Parses the certificates of an envelope, or finds them in a cache.
pub(super) type ParseChain<'a> = &'a dyn Fn(Vec<Vec<u8>>) -> Result<CertificateChain, ChainError>;

/// A parsed, unverified envelope.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Envelope {
    /// The form of the envelope.
    pub format: EnvelopeFormat,
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// The signed attributes.
    pub attributes: SignedAttributes,
    /// The certificate chain.
    pub chain: CertificateChain,
    /// The program that created the envelope, if stated; not signed.
    pub signing_agent: Option<String>,
    pub(super) timestamp_signature: Option<Vec<u8>>,
    pub(super) signature: Vec<u8>,
    /// The bytes that the signature is over.
    pub(super) signing_input: Vec<u8>,
}

impl Envelope {
    /// Parses an envelope of this form. A parsed envelope is not verified: see [`Self::verify`].
    ///
    /// # Errors
    /// Returns [`EnvelopeError`] if the envelope deviates from the specification in any way.
    pub fn parse(format: EnvelopeFormat, bytes: &[u8]) -> Result<Self, EnvelopeError> {
        Self::parse_by(format, bytes, &CertificateChain::from_der)
    }

    /// Like [`Self::parse`], but does not parse a chain again that is in `chains`.
    ///
    /// # Errors
    /// See [`Self::parse`].
    pub fn parse_with(format: EnvelopeFormat, bytes: &[u8], chains: &ChainCache) -> Result<Self, EnvelopeError> {
        Self::parse_by(format, bytes, &|certificates| chains.parse(certificates))
    }

    fn parse_by(format: EnvelopeFormat, bytes: &[u8], parse_chain: ParseChain<'_>) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_ENVELOPE_SIZE {
            return Err(EnvelopeError::TooLarge(bytes.len()));
        }
        match format {
            EnvelopeFormat::Jws => jws::parse(bytes, parse_chain),
            EnvelopeFormat::Cose => cose::parse(bytes, parse_chain),
        }
    }

    /// Returns the signature over payload and signed attributes, which a timestamp countersignature covers. It is not
    /// verified.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Returns the timestamp countersignature: the bytes of an RFC 3161 `TimeStampToken`, if the envelope has one. It
    /// is neither signed nor checked here.
    #[must_use]
    pub fn timestamp_signature(&self) -> Option<&[u8]> {
        self.timestamp_signature.as_deref()
    }
}
