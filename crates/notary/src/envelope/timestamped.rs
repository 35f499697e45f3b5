//! Adding a timestamp to an envelope in its JWS form. The signature does not cover it, and stays as it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::header::TIMESTAMP_SIGNATURE;
use super::{Envelope, EnvelopeError};
use crate::json::parse_small_object;

/// Returns the envelope with this timestamp, in place of another one if it has one. Everything else is unchanged. The
/// timestamp is not verified.
///
/// # Errors
/// Returns [`EnvelopeError`] if the envelope is malformed, or the timestamp makes it too large.
pub fn with_timestamp(envelope: &[u8], token: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    Envelope::parse(envelope)?;
    let mut object = parse_small_object("envelope", envelope)?;
    let mut header = object.object("header")?.into_members();
    header.insert(TIMESTAMP_SIGNATURE.to_owned(), Value::String(STANDARD.encode(token)));
    let mut members = object.into_members();
    members.insert("header".to_owned(), Value::Object(header));
    let stamped = Value::Object(members).to_string().into_bytes();
    Envelope::parse(&stamped)?;
    Ok(stamped)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use testing::envelope::{Draft, Scheme};
    use testing::key::Kind;

    use super::*;

    #[test]
    fn a_timestamp_changes_nothing_else() {
        let envelope = Draft::with_kind(Kind::P256, Scheme::X509).sign().to_string().into_bytes();
        let before = Envelope::parse(&envelope).unwrap();
        let stamped = with_timestamp(&envelope, b"first").unwrap();
        let stamped = with_timestamp(&stamped, b"second").unwrap();
        let after = Envelope::parse(&stamped).unwrap();
        assert_eq!(after.timestamp_signature.as_deref(), Some(&b"second"[..]));
        assert_eq!(Envelope { timestamp_signature: None, ..after.clone() }, before);
        let verified = after.verify_integrity().unwrap();
        assert_eq!(verified.timestamp_signature(), Some(&b"second"[..]));
        assert_eq!(verified.signature(), before.signature);
    }

    #[test]
    fn malformed_envelopes_get_none() {
        assert!(with_timestamp(b"{}", b"token").is_err());
        let large = vec![0; super::super::MAX_ENVELOPE_SIZE];
        let envelope = Draft::new().sign().to_string().into_bytes();
        assert!(matches!(with_timestamp(&envelope, &large), Err(EnvelopeError::TooLarge(_))));
    }
}
