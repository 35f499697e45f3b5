//! The unprotected header of an envelope in its COSE form: `signature-envelope-cose.md`, "Unprotected Headers".

use std::collections::BTreeSet;

use super::header::Header;
use super::label::{ALGORITHM, CERTIFICATE_CHAIN, CONTENT_TYPE, CRITICAL, HASH_ENVELOPE};
use crate::cbor::{CborError, Item};
use crate::envelope::EnvelopeError;
use crate::envelope::header as name;
use crate::text::{folded, start_of};

/// The unprotected header without its encoding.
pub(super) struct Unprotected {
    /// Leaf first, from either header.
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) signing_agent: Option<String>,
    pub(super) timestamp_signature: Option<Vec<u8>>,
}

impl Unprotected {
    /// Reads the header. `protected` is the chain of the protected header: "Optionally, this header can be presented in
    /// the protected header."
    pub(super) fn read(mut header: Header<'_>, protected: Option<Item<'_>>) -> Result<Self, EnvelopeError> {
        let chain = protected.or_else(|| header.labels.remove(&CERTIFICATE_CHAIN));
        Ok(Self {
            certificates: certificates(chain)?,
            signing_agent: header.optional_text(name::SIGNING_AGENT)?,
            timestamp_signature: header.optional_bytes(name::TIMESTAMP_SIGNATURE)?,
        })
    }
}

/// The certificates of `x5chain`: an array of byte strings, or for a single certificate a byte string alone, as RFC
/// 9360 writes it.
fn certificates(chain: Option<Item<'_>>) -> Result<Vec<Vec<u8>>, CborError> {
    const NAME: &str = "x5chain (33)";
    match chain {
        None => Err(CborError::Missing(NAME.to_owned())),
        Some(Item::Bytes(only)) => Ok(vec![only.into_owned()]),
        Some(Item::Array(certificates)) if certificates.is_empty() => Err(CborError::Missing(NAME.to_owned())),
        Some(Item::Array(certificates)) => {
            let certificate = |(position, item)| match item {
                Item::Bytes(certificate) => Ok(certificate.into_owned()),
                other => Err(other.wrong(format!("{NAME}[{position}]"), "a byte string")),
            };
            certificates.into_iter().enumerate().map(certificate).collect()
        }
        Some(other) => Err(other.wrong(NAME, "an array of byte strings")),
    }
}

/// Rejects claims in the unprotected header, and labels that both headers have: "Applications SHOULD verify that the
/// same label does not occur in both the protected and unprotected header parameters" (RFC 9052, section 3). Unknown
/// labels are ignored.
pub(super) fn refuse_claims(unprotected: &Header<'_>, protected: &Header<'_>) -> Result<(), EnvelopeError> {
    const UNPROTECTED: [&str; 2] = [name::TIMESTAMP_SIGNATURE, name::SIGNING_AGENT];
    const CLAIMS: [i128; 3] = [ALGORITHM, CRITICAL, CONTENT_TYPE];
    const VENDORS: [&str; 2] = ["io.cncf.notary.", "com.amazonaws.signer."];
    for label in unprotected.labels.keys() {
        if CLAIMS.contains(label) || HASH_ENVELOPE.contains(label) {
            return Err(EnvelopeError::UnprotectedClaim((*label).into()));
        }
        if protected.labels.contains_key(label) {
            return Err(EnvelopeError::InBothHeaders((*label).into()));
        }
    }
    // A set, because the sender controls the number of names in both headers.
    let protected: BTreeSet<String> = protected.names.keys().map(|name| folded(name)).collect();
    for name in unprotected.names.keys().filter(|name| !UNPROTECTED.contains(&name.as_ref())) {
        let folded = folded(name);
        if VENDORS.iter().any(|vendor| folded.starts_with(vendor)) {
            return Err(EnvelopeError::UnprotectedClaim(start_of(name).into()));
        }
        if protected.contains(&folded) {
            return Err(EnvelopeError::InBothHeaders(start_of(name).into()));
        }
    }
    Ok(())
}
