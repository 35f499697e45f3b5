//! The unprotected header, which is not signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testing::envelope::Draft;

use super::ParseDraft as _;
use crate::envelope::{AttributeError, Envelope, EnvelopeError, EnvelopeFormat, MAX_ENVELOPE_SIZE};
use crate::json::JsonError;
use crate::x509::{CertificateError, ChainError};

fn refused(draft: &Draft) -> EnvelopeError {
    draft.parse().unwrap_err()
}

#[test]
fn rejects_claims_in_the_unprotected_header() {
    for name in [
        "alg",
        "ALG",
        "cty",
        "crit",
        "b64",
        "X5C",
        "io.cncf.notary.signingScheme",
        "io.cncf.notary.signingTime",
        "io.cncf.notary.authenticSigningTime",
        "io.cncf.notary.expiry",
        "io.cncf.notary.Expiry",
        "io.cncf.notary.verificationPlugin",
        "io.cncf.notary.SigningAgent",
        "io.cncf.notary.ſigningAgent",
        "io.cncf.notary.anything",
        "com.amazonaws.signer.signingJob",
        "com.amazonaws.signer.signingProfileVersion",
        "COM.amazonaws.signer.signingJob",
    ] {
        for value in [json!("x"), json!({})] {
            let why = refused(&Draft::new().unprotected(name, value));
            assert_eq!(why, EnvelopeError::UnprotectedClaim(name.into()));
        }
    }
}

#[test]
fn rejects_claims_moved_to_the_unprotected_header() {
    let claims = Draft::new().protected;
    for name in ["alg", "cty", "crit", "io.cncf.notary.signingScheme", "io.cncf.notary.expiry"] {
        let moved = Draft::new().protect(name, json!(null)).unprotected(name, claims[name].clone());
        assert_eq!(refused(&moved), EnvelopeError::UnprotectedClaim(name.into()));
    }
}

#[test]
fn rejects_names_in_both_headers() {
    for name in ["org.example.a", "ORG.example.A"] {
        let common = Draft::new().protect("org.example.a", json!(1)).unprotected(name, json!(1));
        assert_eq!(refused(&common), EnvelopeError::InBothHeaders(name.into()));
    }
}

#[test]
fn rejects_unprotected_names_in_the_protected_header() {
    let chain = Draft::new().header["x5c"].clone();
    for (name, given) in [
        ("x5c", "x5c"),
        ("x5c", "X5c"),
        ("io.cncf.notary.signingAgent", "io.cncf.notary.signingAgent"),
        ("io.cncf.notary.timestampSignature", "io.cncf.notary.TimestampSignature"),
    ] {
        for draft in [Draft::new(), Draft::new().unprotected(name, json!(null))] {
            let why = refused(&draft.protect(given, chain.clone()));
            assert_eq!(why, EnvelopeError::Attributes(AttributeError::Unsigned(name)), "{given}");
        }
    }
}

#[test]
fn rejects_malformed_chains() {
    let with = |x5c: Value| refused(&Draft::new().unprotected("x5c", x5c));
    assert!(matches!(with(json!(null)), EnvelopeError::Json(JsonError::Missing { .. })));
    assert!(matches!(with(json!([])), EnvelopeError::Json(JsonError::Missing { .. })));
    for wrong in [json!("MII"), json!({"0": "MII"}), json!([["MII"]]), json!([null]), json!([1])] {
        assert!(matches!(with(wrong), EnvelopeError::Json(JsonError::Type { .. })));
    }
    let parse = with(json!([""]));
    assert!(matches!(parse, EnvelopeError::Chain(ChainError::Certificate { position: 0, .. })), "{parse}");
    let chain = Draft::new().header["x5c"].clone();
    let first = chain[0].as_str().unwrap();
    let bytes = STANDARD.decode(first).unwrap();
    for wrong in [
        format!("{first}\n"),
        format!("{}\n{}", &first[..64], &first[64..]),
        format!("{first}="),
        first.replace(['+', '/'], "-"),
        format!("-----BEGIN CERTIFICATE-----{first}"),
        STANDARD.encode([&bytes[..], &[0]].concat()).trim_end_matches('=').to_owned() + "*",
    ] {
        let why = with(json!([wrong, chain[1]]));
        assert!(matches!(why, EnvelopeError::Base64(ref path, _) if path == "header.x5c[0]"), "{why}");
    }
    // One byte more changes the padding.
    for trailer in [&[0][..], &[0, 0], &[0x30, 0]] {
        let longer = STANDARD.encode([&bytes, trailer].concat());
        let why = with(json!([longer, chain[1]]));
        let EnvelopeError::Chain(ChainError::Certificate { position: 0, source: CertificateError::Der(_) }) = why
        else {
            panic!("{why:?}")
        };
    }
}

#[test]
fn rejects_stray_bits_and_missing_padding() {
    for wrong in ["AB==", "AAB=", "AA", "AA=", "AA===", "A", "="] {
        let why = refused(&Draft::new().unprotected("io.cncf.notary.timestampSignature", json!(wrong)));
        assert!(matches!(why, EnvelopeError::Base64(..)), "{wrong}: {why}");
    }
}

#[test]
fn rejects_seventeen_certificates() {
    let root = Draft::new().header["x5c"][1].clone();
    let why = refused(&Draft::new().unprotected("x5c", Value::Array(vec![root; 17])));
    assert_eq!(why, EnvelopeError::Chain(ChainError::TooLong(17)));
}

#[test]
fn signing_agent_and_timestamp_must_be_strings() {
    for name in ["io.cncf.notary.signingAgent", "io.cncf.notary.timestampSignature"] {
        for value in [json!(1), json!(["AAAA"]), json!({})] {
            let why = refused(&Draft::new().unprotected(name, value));
            assert!(matches!(why, EnvelopeError::Json(JsonError::Type { .. })), "{why}");
        }
    }
}

#[test]
fn errors_name_the_header() {
    let why = refused(&Draft::new().protect("alg", json!(7)));
    assert!(matches!(why, EnvelopeError::Attributes(AttributeError::Json(_))));
    assert_eq!(why.to_string(), "protected header: alg must be a string, not a number");
    let why = refused(&Draft::new().protect("x5c", json!([])));
    assert_eq!(why.to_string(), r#"the protected header has "x5c", which only the unprotected header may have"#);
    let why = refused(&Draft::new().unprotected("alg", json!("ES256")));
    assert_eq!(why.to_string(), r#"the unprotected header has "alg", which only the protected header may have"#);
    let why = refused(&Draft::new().protect("a", json!(1)).unprotected("a", json!(1)));
    assert_eq!(why.to_string(), r#"both headers have "a", which only one of them may have"#);
}

#[test]
fn rejects_envelopes_with_too_many_values() {
    let objects = "{\"\":0},".repeat(MAX_ENVELOPE_SIZE / 7 - 100);
    let bomb = format!(r#"{{"payload":"e30","protected":"e30","signature":"e30","header":{{"a":[{objects}0]}}}}"#);
    assert!(bomb.len() <= MAX_ENVELOPE_SIZE);
    let why = Envelope::parse(EnvelopeFormat::Jws, bomb.as_bytes()).unwrap_err();
    assert!(matches!(why, EnvelopeError::Json(JsonError::TooManyValues { .. })), "{why}");
}
