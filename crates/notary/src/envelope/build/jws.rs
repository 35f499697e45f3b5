//! The JWS form: notaryproject/specifications, `signature-envelope-jws.md`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

use super::{Claim, Claims, UnprotectedAttributes};
use crate::envelope::PAYLOAD_MEDIA_TYPE;
use crate::envelope::header::{SIGNING_AGENT, TIMESTAMP_SIGNATURE};
use crate::text::rfc3339;

/// A JWS in the flattened JSON serialization, before it is signed.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    /// `protected.payload`, both in base64url.
    signing_input: String,
    /// Where the payload begins.
    payload_at: usize,
}

impl Parts {
    pub(super) fn new(payload: &[u8], claims: &Claims<'_>) -> Self {
        let mut signing_input = URL_SAFE_NO_PAD.encode(Members(protected_header(claims)).to_json());
        signing_input.push('.');
        let payload_at = signing_input.len();
        URL_SAFE_NO_PAD.encode_string(payload, &mut signing_input);
        Self { signing_input, payload_at }
    }

    pub(super) fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    pub(super) fn into_envelope(self, signature: &[u8], unprotected: UnprotectedAttributes<'_>) -> Vec<u8> {
        let (protected, payload) = self.signing_input.split_at(self.payload_at);
        let x5c: Vec<String> = unprotected.chain.iter().map(|certificate| STANDARD.encode(certificate)).collect();
        let mut header = json!({ "x5c": x5c, SIGNING_AGENT: unprotected.signing_agent });
        if let Some(timestamp) = unprotected.timestamp_signature {
            header[TIMESTAMP_SIGNATURE] = json!(STANDARD.encode(timestamp));
        }
        let envelope = vec![
            ("payload", json!(payload)),
            ("protected", json!(protected.trim_end_matches('.'))),
            ("header", header),
            ("signature", json!(URL_SAFE_NO_PAD.encode(signature))),
        ];
        Members(envelope).to_json().into_bytes()
    }
}

fn protected_header<'a>(claims: &Claims<'a>) -> Vec<(&'a str, Value)> {
    let names: Vec<&str> = claims.critical_names().collect();
    let mut header =
        vec![("alg", json!(claims.algorithm.jws_name())), ("crit", json!(names)), ("cty", json!(PAYLOAD_MEDIA_TYPE))];
    header.extend(claims.all().map(|(name, claim)| match claim {
        Claim::Text(text) => (name, json!(text)),
        Claim::Time(time) => (name, json!(rfc3339(time))),
    }));
    header
}

/// The members of a JSON object in serialization order.
struct Members<'a>(Vec<(&'a str, Value)>);

impl Members<'_> {
    fn to_json(&self) -> String {
        #[expect(clippy::expect_used, reason = "text and arrays of text under text keys always have a JSON form")]
        serde_json::to_string(self).expect("members are JSON values")
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
