//! The JWS form: base64 in the unprotected header. The members of the signature keep their text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::envelope::header::TIMESTAMP_SIGNATURE;
use crate::json::{JsonError, parse_small_object};

pub(super) fn with_timestamp(envelope: &[u8], token: &[u8]) -> Result<Vec<u8>, JsonError> {
    let mut object = parse_small_object("envelope", envelope)?;
    let mut header = object.object("header")?.into_members();
    header.insert(TIMESTAMP_SIGNATURE.to_owned(), Value::String(STANDARD.encode(token)));
    let mut members = object.into_members();
    members.insert("header".to_owned(), Value::Object(header));
    Ok(Value::Object(members).to_string().into_bytes())
}
