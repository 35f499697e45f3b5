//! The form of the envelope: one JSON object with four members.

use serde_json::{Value, json};
use testing::envelope::Draft;

use super::ParseDraft as _;
use crate::envelope::{Envelope, EnvelopeError, EnvelopeFormat, MAX_ENVELOPE_SIZE};
use crate::json::JsonError;

fn refused(text: &str) -> EnvelopeError {
    Envelope::parse(EnvelopeFormat::Jws, text.as_bytes()).unwrap_err()
}

fn changed(change: impl FnOnce(&mut Value)) -> EnvelopeError {
    let mut envelope = Draft::new().sign();
    change(&mut envelope);
    refused(&envelope.to_string())
}

#[test]
fn rejects_missing_and_mistyped_members() {
    for member in ["payload", "protected", "header", "signature"] {
        let missing = changed(|e| drop(e.as_object_mut().unwrap().remove(member)));
        assert!(matches!(missing, EnvelopeError::Json(JsonError::Missing { .. })), "{member}: {missing}");
        let null = changed(|e| e[member] = json!(null));
        assert!(matches!(null, EnvelopeError::Json(JsonError::Missing { .. })), "{member}: {null}");
        for other in [json!([]), json!(1), json!([{"x5c": []}])] {
            let other = changed(|e| e[member] = other);
            assert!(matches!(other, EnvelopeError::Json(JsonError::Type { .. })), "{member}: {other}");
        }
        if member != "header" {
            let empty = changed(|e| e[member] = json!(""));
            assert!(matches!(empty, EnvelopeError::Json(JsonError::Missing { .. })), "{member}: {empty}");
        }
    }
}

#[test]
fn rejects_unknown_members() {
    for name in ["Payload", "PROTECTED", "Header", "ſignature", "signatures", "x", "", "crit"] {
        for value in [json!(null), json!(""), json!({})] {
            let extra = changed(|e| e[name] = value);
            assert!(matches!(extra, EnvelopeError::Json(JsonError::Unknown { .. })), "{name}: {extra}");
        }
    }
}

#[test]
fn rejects_duplicate_members_at_every_level() {
    let text = Draft::new().sign().to_string();
    for (from, to) in [
        ("\"payload\":", "\"payload\":\"e30\",\"payload\":"),
        ("\"payload\":", "\"p\\u0061yload\":\"e30\",\"payload\":"),
        ("\"signature\":", "\"signature\":\"AA\",\"signature\":"),
        ("\"x5c\":", "\"x5c\":[],\"x5c\":"),
        ("\"io.cncf.notary.signingAgent\":", "\"n\":[{\"a\":1,\"a\":1}],\"io.cncf.notary.signingAgent\":"),
    ] {
        assert!(text.contains(from));
        let twice = refused(&text.replacen(from, to, 1));
        assert!(
            matches!(&twice, EnvelopeError::Json(JsonError::Syntax(why)) if why.contains("duplicate key")),
            "{twice}"
        );
    }
}

#[test]
fn rejects_other_jws_serializations() {
    let envelope = Draft::new().sign();
    let part = |name: &str| envelope[name].as_str().unwrap().to_owned();
    let compact = format!("{}.{}.{}", part("protected"), part("payload"), part("signature"));
    assert!(matches!(refused(&compact), EnvelopeError::Json(JsonError::Syntax(_))));
    assert!(matches!(refused(&json!(compact).to_string()), EnvelopeError::Json(JsonError::Type { .. })));
    let one = json!({"protected": part("protected"), "header": envelope["header"], "signature": part("signature")});
    for signatures in [json!([one]), json!([one, one])] {
        let general = json!({"payload": part("payload"), "signatures": signatures});
        assert!(matches!(refused(&general.to_string()), EnvelopeError::Json(JsonError::Missing { .. })));
        let both = changed(|e| e["signatures"] = signatures);
        assert!(matches!(both, EnvelopeError::Json(JsonError::Unknown { .. })), "{both}");
    }
    assert!(matches!(refused(&json!([envelope]).to_string()), EnvelopeError::Json(JsonError::Type { .. })));
    assert!(matches!(refused(&format!("{envelope}{envelope}")), EnvelopeError::Json(JsonError::Syntax(_))));
    assert!(matches!(refused(&format!("{envelope},")), EnvelopeError::Json(JsonError::Syntax(_))));
}

#[test]
fn rejects_malformed_base64url() {
    for member in ["payload", "protected", "signature"] {
        for change in [
            |s: &str| format!("{s}="),
            |s: &str| format!("{s}=="),
            |s: &str| format!(" {s}"),
            |s: &str| format!("{s}\n"),
            |s: &str| format!("{}\r\n{}", &s[..8], &s[8..]),
            |s: &str| format!("+{}", &s[1..]),
            |s: &str| format!("/{}", &s[1..]),
            |s: &str| format!("{}.{}", &s[..8], &s[8..]),
            |s: &str| format!("{s}\0"),
        ] {
            let error = changed(|e| e[member] = json!(change(e[member].as_str().unwrap())));
            assert!(matches!(error, EnvelopeError::Base64(_, "base64url without padding")), "{member}: {error}");
        }
    }
    // "e30" is "{}"; "e31" additionally sets a bit that belongs to no byte.
    for (stray, bits) in [("e31", "two"), ("e3", "four"), ("e", "six")] {
        let error = changed(|e| e["payload"] = json!(stray));
        assert!(matches!(error, EnvelopeError::Base64(..)), "{bits} stray bits: {error}");
    }
}

#[test]
fn rejects_more_than_ten_mebibytes() {
    let mut envelope = Draft::new().sign().to_string();
    envelope.push_str(&" ".repeat(MAX_ENVELOPE_SIZE - envelope.len()));
    Envelope::parse(EnvelopeFormat::Jws, envelope.as_bytes()).unwrap();
    envelope.push(' ');
    assert_eq!(refused(&envelope), EnvelopeError::TooLarge(MAX_ENVELOPE_SIZE + 1));
}

#[test]
fn limits_the_number_of_names() {
    let with = |count: usize| {
        let names = |from: usize| (from..from + count).map(|i| (i.to_string(), json!(0)));
        let mut draft = Draft::new();
        draft.protected.as_object_mut().unwrap().extend(names(0));
        draft.header.as_object_mut().unwrap().extend(names(100_000));
        draft.parse()
    };
    with(9000).unwrap();
    assert!(matches!(with(60_000), Err(EnvelopeError::Json(JsonError::TooManyValues { .. }))));
}

#[test]
fn rejects_deep_nesting() {
    for depth in [127, 200, 1_000_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = Draft::new().unprotected("n", json!("NESTED")).sign().to_string().replace("\"NESTED\"", &nested);
        let why = refused(&text);
        let is_expected = |why| match why {
            EnvelopeError::Json(JsonError::TooManyValues { .. }) => depth == 1_000_000,
            EnvelopeError::Json(JsonError::Syntax(_)) => true,
            _ => false,
        };
        assert!(is_expected(why), "{depth}");
    }
}
