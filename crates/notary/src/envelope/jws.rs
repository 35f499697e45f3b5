//! A signature envelope in its JWS form: `signature-envelope-jws.md`, the flattened JSON serialization of RFC 7515.
//!
//! Parsing is strict: exactly four members, without duplicates. Claims come from the protected header only; the
//! unprotected header provides the chain, the signing agent and the timestamp. A parsed envelope is not verified: see
//! [`Envelope::verify`].

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::attributes::{AttributeError, SignedAttributes};
use super::header as header_name;
use crate::json;
use crate::json::{JsonError, Object};
use crate::text::{folded, start_of};
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
    /// A member is not valid base64.
    #[error("the envelope is malformed: {0} is not {1}")]
    Base64(String, &'static str),
    /// The unprotected header has a name that belongs in the protected header, or that both headers have.
    #[error("the unprotected header has {0:?}, which only the protected header may have")]
    UnprotectedClaim(String),
    /// The protected header is invalid.
    #[error(transparent)]
    Attributes(#[from] AttributeError),
    /// The certificate chain cannot be parsed.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// A parsed, unverified envelope.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Envelope {
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// The signed attributes.
    pub attributes: SignedAttributes,
    /// The certificate chain, from the unprotected header.
    pub chain: CertificateChain,
    /// The program that created the envelope, if stated; not signed.
    pub signing_agent: Option<String>,
    /// The timestamp countersignature (RFC 3161), if any; not signed and not evaluated.
    pub timestamp_signature: Option<Vec<u8>>,
    pub(super) signature: Vec<u8>,
    pub(super) signing_input: Vec<u8>,
}

impl Envelope {
    /// Parses an envelope.
    ///
    /// # Errors
    /// Returns [`EnvelopeError`] if the envelope deviates from the specification in any way.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        Self::parse_by(bytes, CertificateChain::from_der)
    }

    /// Like [`Self::parse`], but does not parse a chain again that is in `chains`.
    ///
    /// # Errors
    /// See [`Self::parse`].
    pub fn parse_with(bytes: &[u8], chains: &ChainCache) -> Result<Self, EnvelopeError> {
        Self::parse_by(bytes, |certificates| chains.parse(certificates))
    }

    /// Returns the signature over payload and signed attributes. It is not verified.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    fn parse_by(
        bytes: &[u8],
        parse_chain: impl FnOnce(Vec<Vec<u8>>) -> Result<CertificateChain, ChainError>,
    ) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_ENVELOPE_SIZE {
            return Err(EnvelopeError::TooLarge(bytes.len()));
        }
        let mut object = json::parse_small_object("envelope", bytes)?;
        let payload = object.string("payload")?;
        let mut signing_input = object.string("protected")?;
        let protected = base64url("protected", &signing_input)?;
        let protected = json::parse_small_object("protected", &protected).map_err(AttributeError::from)?;
        let unprotected = object.object("header")?;
        let signature = object.string("signature")?;
        let signature = base64url("signature", &signature)?;
        object.finish()?;
        // Envelopes may be large, so every copy of a part is dropped as early as possible.
        signing_input.push('.');
        let payload_at = signing_input.len();
        signing_input.push_str(&payload);
        drop(payload);
        let payload = signing_input.get(payload_at..).unwrap_or_default();
        let payload = base64url("payload", payload)?;
        let signing_input = signing_input.into_bytes();
        refuse_claims(&unprotected, &protected)?;
        let Unprotected { certificates, signing_agent, timestamp_signature } = Unprotected::read(unprotected)?;
        let chain = parse_chain(certificates)?;
        let attributes = SignedAttributes::read(protected)?;
        Ok(Self { payload, attributes, chain, signing_agent, timestamp_signature, signature, signing_input })
    }
}

struct Unprotected {
    certificates: Vec<Vec<u8>>,
    signing_agent: Option<String>,
    timestamp_signature: Option<Vec<u8>>,
}

impl Unprotected {
    fn read(mut header: Object) -> Result<Self, EnvelopeError> {
        let decode = |path: String, text: &str| {
            STANDARD.decode(text).map_err(|_| EnvelopeError::Base64(path, "base64 with padding"))
        };
        let certificates = header.strings("x5c")?;
        if certificates.is_empty() {
            return Err(header.missing("x5c").into());
        }
        let certificates = certificates
            .iter()
            .enumerate()
            .map(|(i, text)| decode(header.path(&format!("x5c[{i}]")), text))
            .collect::<Result<_, _>>()?;
        let timestamp = header_name::TIMESTAMP_SIGNATURE;
        let timestamp_signature =
            header.optional_string(timestamp)?.map(|text| decode(header.path(timestamp), &text)).transpose()?;
        Ok(Self {
            certificates,
            signing_agent: header.optional_string(header_name::SIGNING_AGENT)?,
            timestamp_signature,
        })
    }
}

/// Rejects claims in the unprotected header. RFC 7515, section 4: the two headers must not share a name. Names that are
/// protected in this format are rejected here even if the protected header lacks them, since another parser could take
/// them for claims. Unknown names are ignored.
fn refuse_claims(unprotected: &Object, protected: &Object) -> Result<(), EnvelopeError> {
    const UNPROTECTED: [&str; 3] = ["x5c", header_name::TIMESTAMP_SIGNATURE, header_name::SIGNING_AGENT];
    const CLAIMS: [&str; 5] = ["alg", "cty", "crit", "b64", "x5c"];
    const VENDORS: [&str; 2] = ["io.cncf.notary.", "com.amazonaws.signer."];
    // A set, because the sender controls the number of names in both headers.
    let protected: BTreeSet<String> = protected.names().map(folded).collect();
    for name in unprotected.names().filter(|name| !UNPROTECTED.contains(name)) {
        let folded = folded(name);
        let claim = CLAIMS.contains(&&*folded) || VENDORS.iter().any(|vendor| folded.starts_with(vendor));
        if claim || protected.contains(&folded) {
            return Err(EnvelopeError::UnprotectedClaim(start_of(name)));
        }
    }
    match UNPROTECTED.iter().find(|name| protected.contains(&folded(name))) {
        Some(name) => Err(EnvelopeError::UnprotectedClaim((*name).to_owned())),
        None => Ok(()),
    }
}

fn base64url(path: &str, text: &str) -> Result<Vec<u8>, EnvelopeError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| EnvelopeError::Base64(path.to_owned(), "base64url without padding"))
}
