//! A signature envelope in its JWS form: `signature-envelope-jws.md`, the flattened JSON serialization of RFC 7515.
//!
//! Parsing is strict: exactly four members, without duplicates. Claims come from the protected header only; the
//! unprotected header provides the chain, the signing agent and the timestamp.

mod protected;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::EnvelopeFormat;
use super::attributes::AttributeError;
use super::header as header_name;
use super::parsed::{Envelope, EnvelopeError, ParseChain};
use crate::json;
use crate::json::Object;
use crate::text::{folded, start_of};

/// Parses an envelope in its JWS form.
pub(super) fn parse(bytes: &[u8], parse_chain: ParseChain<'_>) -> Result<Envelope, EnvelopeError> {
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
    let attributes = protected::read(protected)?;
    let format = EnvelopeFormat::Jws;
    Ok(Envelope { format, payload, attributes, chain, signing_agent, timestamp_signature, signature, signing_input })
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

/// Rejects claims in the unprotected header, and what belongs there in the protected one. RFC 7515, section 4: the two
/// headers must not share a name. Names that are protected in this format are rejected here even if the protected
/// header lacks them, since another parser could take them for claims. Unknown names are ignored.
fn refuse_claims(unprotected: &Object, protected: &Object) -> Result<(), EnvelopeError> {
    const UNPROTECTED: [&str; 3] = ["x5c", header_name::TIMESTAMP_SIGNATURE, header_name::SIGNING_AGENT];
    const CLAIMS: [&str; 5] = ["alg", "cty", "crit", "b64", "x5c"];
    const VENDORS: [&str; 2] = ["io.cncf.notary.", "com.amazonaws.signer."];
    // A set, because the sender controls the number of names in both headers.
    let protected: BTreeSet<String> = protected.names().map(folded).collect();
    if let Some(name) = UNPROTECTED.into_iter().find(|name| protected.contains(&folded(name))) {
        return Err(AttributeError::Unsigned(name).into());
    }
    for name in unprotected.names().filter(|name| !UNPROTECTED.contains(name)) {
        let folded = folded(name);
        if CLAIMS.contains(&&*folded) || VENDORS.iter().any(|vendor| folded.starts_with(vendor)) {
            return Err(EnvelopeError::UnprotectedClaim(start_of(name).into()));
        }
        if protected.contains(&folded) {
            return Err(EnvelopeError::InBothHeaders(start_of(name).into()));
        }
    }
    Ok(())
}

fn base64url(path: &str, text: &str) -> Result<Vec<u8>, EnvelopeError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| EnvelopeError::Base64(path.to_owned(), "base64url without padding"))
}
