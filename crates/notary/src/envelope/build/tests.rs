//! What is built, byte for byte. That it verifies is in the tests of parsing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use time::macros::datetime;

use super::*;

fn attributes() -> ProtectedAttributes {
    ProtectedAttributes {
        algorithm: SignatureAlgorithm::Es384,
        signing_scheme: SigningScheme::SigningAuthority,
        signing_time: datetime!(2026-01-02 03:04:05.678 +1),
        expiry: Some(datetime!(2037-04-02 03:04:05 UTC)),
        verification_plugin: Some("com.example.plugin".into()),
        verification_plugin_min_version: None,
        extended: vec![("com.example.b".into(), "1".into()), ("com.example.a".into(), "2".into())],
    }
}

fn decoded(envelope: &Value, member: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(envelope[member].as_str().unwrap()).unwrap()
}

#[test]
fn builds_all_four_members() {
    let chain = [vec![0xff; 3], vec![0xfe; 2]];
    let built =
        build::<()>(EnvelopeFormat::Jws, b"payload", &attributes(), &chain, "agent/1", |_| Ok(vec![7; 96])).unwrap();
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
        let late = ProtectedAttributes { signing_time: time, ..attributes() };
        let built = build::<()>(EnvelopeFormat::Jws, b"p", &late, &[], "agent", |_| Ok(Vec::new()));
        assert!(matches!(built, Err(BuildError::Time(_))), "{time}");
    }
}

#[test]
fn signs_the_encoded_header_and_payload() {
    let mut input = Vec::new();
    let built = build::<()>(EnvelopeFormat::Jws, b"p", &attributes(), &[], "agent", |bytes| {
        input = bytes.to_vec();
        Ok(Vec::new())
    });
    let envelope: Value = serde_json::from_slice(&built.unwrap()).unwrap();
    let expected = format!("{}.{}", envelope["protected"].as_str().unwrap(), envelope["payload"].as_str().unwrap());
    assert_eq!(input, expected.as_bytes());
}

#[test]
fn omits_absent_attributes_from_crit() {
    let bare = ProtectedAttributes { expiry: None, verification_plugin: None, extended: Vec::new(), ..attributes() };
    let envelope: Value =
        serde_json::from_slice(&build::<()>(EnvelopeFormat::Jws, b"p", &bare, &[], "a", |_| Ok(Vec::new())).unwrap())
            .unwrap();
    let protected: Value = serde_json::from_slice(&decoded(&envelope, "protected")).unwrap();
    assert_eq!(protected["crit"], json!([SIGNING_SCHEME, AUTHENTIC_SIGNING_TIME]));
    assert_eq!(protected.get(EXPIRY), None);
}

#[test]
fn returns_the_error_of_the_signing_closure() {
    assert!(matches!(
        build(EnvelopeFormat::Jws, b"p", &attributes(), &[], "a", |_| Err("no")),
        Err(BuildError::Signing("no"))
    ));
}

#[test]
fn the_signing_time_of_the_scheme_x509_is_not_critical() {
    let own = ProtectedAttributes { signing_scheme: SigningScheme::X509, ..attributes() };
    let built = build::<()>(EnvelopeFormat::Jws, b"p", &own, &[], "a", |_| Ok(Vec::new())).unwrap();
    let protected: Value =
        serde_json::from_slice(&decoded(&serde_json::from_slice(&built).unwrap(), "protected")).unwrap();
    assert!(!protected["crit"].as_array().unwrap().contains(&json!(SIGNING_TIME)));
    assert_eq!(protected[SIGNING_TIME], "2026-01-02T02:04:05Z");
    assert_eq!(protected.get(AUTHENTIC_SIGNING_TIME), None);
}

#[test]
fn builds_a_tagged_cose_sign1() {
    let short = ProtectedAttributes { verification_plugin: None, extended: Vec::new(), ..attributes() };
    let chain = [vec![0xff; 3], vec![0xfe; 2]];
    let mut input = Vec::new();
    let sign = |bytes: &[u8]| {
        input = bytes.to_vec();
        Ok::<_, ()>(vec![7; 3])
    };
    let built = build(EnvelopeFormat::Cose, b"payload", &short, &chain, "agent/1", sign).unwrap();
    let shown = crate::cbor::parse(&built).unwrap().to_string();
    let protected = concat!(
        "a60138220283781c696f2e636e63662e6e6f746172792e7369676e696e67536368656d657823",
        "696f2e636e63662e6e6f746172792e61757468656e7469635369676e696e6754696d6575",
        "696f2e636e63662e6e6f746172792e65787069727903782b",
    );
    assert!(shown.starts_with(&format!("18([h'{protected}")), "{shown}");
    assert!(
        shown.ends_with(
            "{33: [h'ffffff', h'fefe'], \"io.cncf.notary.signingAgent\": \"agent/1\"}, h'7061796c6f6164', h'070707'])"
        ),
        "{shown}"
    );
    let crate::cbor::Item::Array(parts) = crate::cbor::parse(&input).unwrap() else { panic!() };
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    assert_eq!(parts[0], "\"Signature1\"");
    assert!(parts[1].starts_with(&format!("h'{protected}")));
    assert_eq!(parts[2..], ["h''", "h'7061796c6f6164'"]);
}

#[test]
fn both_forms_carry_a_timestamp() {
    let unprotected = UnprotectedAttributes { chain: &[], signing_agent: "a", timestamp_signature: Some(&[1, 2, 3]) };
    for (format, expected) in [
        (EnvelopeFormat::Jws, "\"io.cncf.notary.timestampSignature\":\"AQID\"".as_bytes()),
        (EnvelopeFormat::Cose, b"io.cncf.notary.timestampSignature\x43\x01\x02\x03"),
    ] {
        let built = ToBeSigned::new(format, b"p", &attributes()).unwrap().into_envelope(b"s", unprotected);
        assert!(built.windows(expected.len()).any(|window| window == expected), "{format}");
    }
}
