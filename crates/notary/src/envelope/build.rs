//! Building a signature envelope in its JWS form: notaryproject/specifications, `signature-envelope-jws.md`.
//!
//! This module does no I/O and holds no key: the caller passes a closure that signs.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};
use time::error::Format;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::header::{AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_AGENT, SIGNING_SCHEME, VERIFICATION_PLUGIN};
use super::{PAYLOAD_MEDIA_TYPE, SigningScheme};

/// An error while building an envelope.
#[derive(Debug, thiserror::Error)]
pub enum BuildError<E> {
    /// The year of a time cannot be expressed in RFC 3339.
    #[error("{attribute} cannot be written as an RFC 3339 time: {source}")]
    Time {
        /// The attribute's name.
        attribute: &'static str,
        /// The formatting error.
        source: time::error::Format,
    },
    /// The signing closure failed.
    #[error("signing failed: {0}")]
    Signing(E),
}

/// The signed attributes of an envelope of the scheme `notary.x509.signingAuthority`.
///
/// They are written in field order, all of them critical.
#[derive(Debug, Clone)]
pub struct ProtectedAttributes {
    /// `alg`: the JWS algorithm of the leaf's key, such as `ES384`.
    pub algorithm: &'static str,
    /// The signing time, truncated to whole seconds.
    pub authentic_signing_time: OffsetDateTime,
    /// When the signature expires, if ever, truncated to whole seconds.
    pub expiry: Option<OffsetDateTime>,
    /// The plugin required for verification, if any.
    pub verification_plugin: Option<String>,
    /// The critical extended attributes as pairs of name and value.
    pub extended: Vec<(String, String)>,
}

/// Builds the envelope of `payload`: a JWS in the flattened JSON serialization.
///
/// `chain` holds the certificates as DER, leaf first. `sign` receives the JWS signing input and returns the signature
/// in the form that JWS defines for the algorithm (`r || s` for ECDSA).
///
/// # Errors
/// Returns [`BuildError::Time`] if a time has no RFC 3339 form, and [`BuildError::Signing`] if `sign` fails.
pub fn build<E>(
    payload: &[u8],
    attributes: &ProtectedAttributes,
    chain: &[Vec<u8>],
    signing_agent: &str,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, BuildError<E>> {
    let protected = URL_SAFE_NO_PAD.encode(Members(protected_header(attributes)?).to_json());
    let payload = URL_SAFE_NO_PAD.encode(payload);
    let signature = sign(format!("{protected}.{payload}").as_bytes()).map_err(BuildError::Signing)?;

    let x5c: Vec<String> = chain.iter().map(|certificate| STANDARD.encode(certificate)).collect();
    let envelope = vec![
        ("payload", json!(payload)),
        ("protected", json!(protected)),
        ("header", json!({ "x5c": x5c, SIGNING_AGENT: signing_agent })),
        ("signature", json!(URL_SAFE_NO_PAD.encode(signature))),
    ];
    Ok(Members(envelope).to_json().into_bytes())
}

fn protected_header<E>(attributes: &ProtectedAttributes) -> Result<Vec<(&str, Value)>, BuildError<E>> {
    let mut critical = vec![
        (SIGNING_SCHEME, json!(SigningScheme::SigningAuthority.as_str())),
        (AUTHENTIC_SIGNING_TIME, rfc3339(AUTHENTIC_SIGNING_TIME, attributes.authentic_signing_time)?),
    ];
    if let Some(expiry) = attributes.expiry {
        critical.push((EXPIRY, rfc3339(EXPIRY, expiry)?));
    }
    if let Some(plugin) = &attributes.verification_plugin {
        critical.push((VERIFICATION_PLUGIN, json!(plugin)));
    }
    critical.extend(attributes.extended.iter().map(|(name, value)| (name.as_str(), json!(value))));

    let names: Vec<&str> = critical.iter().map(|(name, _)| *name).collect();
    let mut header =
        vec![("alg", json!(attributes.algorithm)), ("crit", json!(names)), ("cty", json!(PAYLOAD_MEDIA_TYPE))];
    header.extend(critical);
    Ok(header)
}

pub(super) fn rfc3339<E>(attribute: &'static str, time: OffsetDateTime) -> Result<Value, BuildError<E>> {
    // The specification has no fractional seconds, and notation compares these times as text.
    let year = BuildError::Time { attribute, source: Format::InvalidComponent("year") };
    let utc = time.checked_to_offset(UtcOffset::UTC).ok_or(year)?;
    let seconds = utc.replace_nanosecond(0).unwrap_or(utc);
    let text = seconds.format(&Rfc3339).map_err(|source| BuildError::Time { attribute, source })?;
    Ok(Value::String(text))
}

/// The members of a JSON object in serialization order.
pub(super) struct Members<'a>(pub(super) Vec<(&'a str, Value)>);

impl Members<'_> {
    pub(super) fn to_json(&self) -> String {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use time::macros::datetime;

    use super::*;

    fn attributes() -> ProtectedAttributes {
        ProtectedAttributes {
            algorithm: "ES384",
            authentic_signing_time: datetime!(2026-01-02 03:04:05.678 +1),
            expiry: Some(datetime!(2037-04-02 03:04:05 UTC)),
            verification_plugin: Some("com.example.plugin".into()),
            extended: vec![("com.example.b".into(), "1".into()), ("com.example.a".into(), "2".into())],
        }
    }

    fn decoded(envelope: &Value, member: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(envelope[member].as_str().unwrap()).unwrap()
    }

    #[test]
    fn builds_all_four_members() {
        let chain = [vec![0xff; 3], vec![0xfe; 2]];
        let built = build::<()>(b"payload", &attributes(), &chain, "agent/1", |_| Ok(vec![7; 96])).unwrap();
        let text = String::from_utf8(built).unwrap();
        assert!(text.starts_with(r#"{"payload":"#), "{text}");
        let envelope: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(envelope.as_object().unwrap().len(), 4);
        assert_eq!(decoded(&envelope, "payload"), b"payload");
        assert_eq!(decoded(&envelope, "signature"), [7; 96]);
        assert_eq!(envelope["header"], json!({"x5c": ["////", "/v4="], "io.cncf.notary.signingAgent": "agent/1"}));
        let protected = String::from_utf8(decoded(&envelope, "protected")).unwrap();
        assert_eq!(
            protected,
            concat!(
                r#"{"alg":"ES384","crit":["io.cncf.notary.signingScheme","io.cncf.notary.authenticSigningTime","#,
                r#""io.cncf.notary.expiry","io.cncf.notary.verificationPlugin","com.example.b","com.example.a"],"#,
                r#""cty":"application/vnd.cncf.notary.payload.v1+json","#,
                r#""io.cncf.notary.signingScheme":"notary.x509.signingAuthority","#,
                r#""io.cncf.notary.authenticSigningTime":"2026-01-02T02:04:05Z","#,
                r#""io.cncf.notary.expiry":"2037-04-02T03:04:05Z","#,
                r#""io.cncf.notary.verificationPlugin":"com.example.plugin","com.example.b":"1","com.example.a":"2"}"#
            )
        );
    }

    #[test]
    fn rejects_times_without_a_form_in_utc() {
        for time in [datetime!(9999-12-31 23:59:59 -23:59), datetime!(0000-01-01 00:00:00 +23:59)] {
            let late = ProtectedAttributes { authentic_signing_time: time, ..attributes() };
            let built = build::<()>(b"p", &late, &[], "agent", |_| Ok(Vec::new()));
            assert!(matches!(built, Err(BuildError::Time { .. })), "{time}");
        }
    }

    #[test]
    fn signs_the_encoded_header_and_payload() {
        let mut input = Vec::new();
        let built = build::<()>(b"p", &attributes(), &[], "agent", |bytes| {
            input = bytes.to_vec();
            Ok(Vec::new())
        });
        let envelope: Value = serde_json::from_slice(&built.unwrap()).unwrap();
        let expected = format!("{}.{}", envelope["protected"].as_str().unwrap(), envelope["payload"].as_str().unwrap());
        assert_eq!(input, expected.as_bytes());
    }

    #[test]
    fn omits_absent_attributes_from_crit() {
        let bare =
            ProtectedAttributes { expiry: None, verification_plugin: None, extended: Vec::new(), ..attributes() };
        let envelope: Value =
            serde_json::from_slice(&build::<()>(b"p", &bare, &[], "a", |_| Ok(Vec::new())).unwrap()).unwrap();
        let protected: Value = serde_json::from_slice(&decoded(&envelope, "protected")).unwrap();
        assert_eq!(protected["crit"], json!([SIGNING_SCHEME, AUTHENTIC_SIGNING_TIME]));
        assert_eq!(protected.get(EXPIRY), None);
    }

    #[test]
    fn returns_the_error_of_the_signing_closure() {
        assert!(matches!(build(b"p", &attributes(), &[], "a", |_| Err("no")), Err(BuildError::Signing("no"))));
    }
}
