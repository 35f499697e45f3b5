//! Invalid protected headers, correctly signed.

use serde_json::{Value, json};
use testing::envelope::{Draft, Scheme};
use testing::key::Kind;

use super::ParseDraft as _;
use crate::envelope::{AttributeError as E, EnvelopeError, SigningScheme, header};
use crate::json::JsonError;

fn refused(draft: &Draft) -> E {
    match draft.parse().unwrap_err() {
        EnvelopeError::Attributes(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn requires_registered_headers_and_scheme() {
    for name in ["alg", "cty", "crit"] {
        for value in [json!(null), json!(""), json!([]), json!({}), json!(1)] {
            let why = refused(&Draft::new().protect(name, value.clone()));
            assert!(
                matches!(why, E::Json(JsonError::Missing { .. } | JsonError::Type { .. })),
                "{name} {value}: {why}"
            );
        }
        let null = Draft::new().protect(name, json!("NULL")).protected_text("\"NULL\"", "null");
        assert!(matches!(refused(&null), E::Json(JsonError::Missing { .. })));
    }
    let empty = Draft::new().protect(header::SIGNING_SCHEME, json!(""));
    assert!(matches!(refused(&empty), E::Json(JsonError::Missing { .. })));
    // Without the scheme, crit lists an absent header.
    let absent = Draft::new().protect(header::SIGNING_SCHEME, json!(null));
    assert!(matches!(refused(&absent), E::CriticalAbsent(_)));
}

#[test]
fn compares_content_type_and_scheme_exactly() {
    for cty in
        ["application/vnd.cncf.notary.payload.v1+JSON", "application/vnd.cncf.notary.payload.v2+json", "vnd", " "]
    {
        assert_eq!(refused(&Draft::new().protect("cty", json!(cty))), E::ContentType(cty.into()));
    }
    for scheme in ["notary.x509.SigningAuthority", "notary.x509 ", "notary", "notary.x509.signingAuthority.v2"] {
        let draft = Draft::new().protect(header::SIGNING_SCHEME, json!(scheme));
        assert_eq!(refused(&draft), E::SigningScheme(scheme.into()));
    }
}

#[test]
fn rejects_duplicate_headers() {
    for (from, to) in [
        ("\"alg\":", "\"alg\":\"none\",\"alg\":"),
        ("\"crit\":", "\"crit\":[],\"crit\":"),
        ("\"cty\":", "\"n\":{\"a\":1,\"a\":2},\"cty\":"),
        (
            "\"io.cncf.notary.expiry\":",
            "\"io.cncf.notary.expir\\u0079\":\"2099-01-01T00:00:00Z\",\"io.cncf.notary.expiry\":",
        ),
    ] {
        let why = refused(&Draft::new().protected_text(from, to));
        assert!(matches!(&why, E::Json(JsonError::Syntax(why)) if why.contains("duplicate key")), "{why}");
    }
}

#[test]
fn rejects_case_variants_of_headers() {
    for name in [
        "Alg",
        "CTY",
        "Crit",
        "io.cncf.notary.Expiry",
        "io.cncf.notary.signingscheme",
        "io.cncf.notary.ſigningScheme",
        "IO.CNCF.notary.authenticSigningTime",
        "io.cncf.notary.VerificationPlugin",
        "io.cncf.notary.SigningTime",
        "B64",
    ] {
        assert_eq!(refused(&Draft::new().protect(name, json!("x"))), E::CaseVariant(name.into()));
    }
    let both = Draft::new().protect("org.example.a", json!(1)).protect("org.example.A", json!(1));
    assert!(matches!(refused(&both), E::CaseVariant(_)));
}

#[test]
fn crit_must_list_critical_headers() {
    for name in [header::SIGNING_SCHEME, header::AUTHENTIC_SIGNING_TIME, header::EXPIRY] {
        let mut draft = Draft::new();
        draft.protected["crit"].as_array_mut().unwrap().retain(|n| n != name);
        assert_eq!(refused(&draft), E::NotCritical(name));
    }
    for name in [header::VERIFICATION_PLUGIN, header::VERIFICATION_PLUGIN_MIN_VERSION] {
        let draft = Draft::new().protect(name, json!("1.0.0"));
        assert_eq!(refused(&draft), E::NotCritical(name));
        let critical = Draft::new().protect(name, json!("1.0.0")).critical(name);
        critical.parse().unwrap();
        let empty = Draft::new().protect(name, json!("")).critical(name);
        assert!(matches!(refused(&empty), E::Json(JsonError::Missing { .. })));
    }
    let absent = Draft::new().protect("crit", json!(null));
    assert!(matches!(refused(&absent), E::Json(JsonError::Missing { .. })));
}

#[test]
fn rejects_duplicate_absent_and_registered_names_in_crit() {
    for name in [header::EXPIRY, "org.example.absent", "", "IO.CNCF.NOTARY.EXPIRY", "io.cncf.notary.signingTime"] {
        assert_eq!(refused(&Draft::new().critical(name)), E::CriticalAbsent(name.into()));
    }
    let nameless = Draft::new().protect("", json!("x")).critical("");
    assert_eq!(refused(&nameless), E::CriticalAbsent("".into()));
    for name in ["alg", "cty", "crit", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "b64"] {
        assert_eq!(refused(&Draft::new().critical(name)), E::CriticalRegistered(name.into()));
    }
    let informational = Draft::with_kind(Kind::P384, Scheme::X509).critical(header::SIGNING_TIME);
    assert_eq!(refused(&informational), E::CriticalInformational(header::SIGNING_TIME.into()));
    for crit in [json!([1]), json!([null]), json!([["a"]]), json!("io.cncf.notary.expiry"), json!({"0": "a"})] {
        let why = refused(&Draft::new().protect("crit", crit));
        assert!(matches!(why, E::Json(JsonError::Type { .. })), "{why}");
    }
    // A name in the unprotected header does not count as present.
    let elsewhere = Draft::new().critical("org.example.a").unprotected("org.example.a", json!(1));
    assert_eq!(refused(&elsewhere), E::CriticalAbsent("org.example.a".into()));
}

#[test]
fn rejects_b64_with_any_value() {
    for value in ["true", "false", "null", "0", "\"\""] {
        let draft = Draft::new().protect("b64", json!("VALUE")).protected_text("\"VALUE\"", value);
        assert_eq!(refused(&draft), E::Forbidden("b64".into()), "{value}");
    }
}

#[test]
fn rejects_time_headers_of_the_other_scheme() {
    let mut authority = Draft::new().protect(header::SIGNING_TIME, json!("2026-07-01T12:00:00Z"));
    let name = header::SIGNING_TIME;
    let scheme = SigningScheme::SigningAuthority;
    assert_eq!(refused(&authority), E::OtherScheme { name, scheme });
    authority = authority.protect(header::SIGNING_TIME, json!("NULL")).protected_text("\"NULL\"", "null");
    assert_eq!(refused(&authority), E::OtherScheme { name, scheme });
    let own = Draft::with_kind(Kind::P384, Scheme::X509);
    let own = own.protect(header::AUTHENTIC_SIGNING_TIME, json!("2026-07-01T12:00:00Z"));
    let name = header::AUTHENTIC_SIGNING_TIME;
    let scheme = SigningScheme::X509;
    assert_eq!(refused(&own), E::OtherScheme { name, scheme });
    let timeless = Draft::with_kind(Kind::P384, Scheme::X509).protect(header::SIGNING_TIME, json!(null));
    assert!(matches!(refused(&timeless), E::Json(JsonError::Missing { .. })));
    // The other scheme does not allow the time header of this one.
    let renamed = Draft::new().protect(header::SIGNING_SCHEME, json!("notary.x509"));
    assert!(matches!(refused(&renamed), E::OtherScheme { .. }));
}

#[test]
fn rejects_malformed_times() {
    for name in [header::AUTHENTIC_SIGNING_TIME, header::EXPIRY] {
        for value in ["tomorrow", "2026-07-01", "2026-07-01 12:00:00Z", "2026-07-01T12:00:00", "2026-02-30T12:00:00Z"] {
            let why = refused(&Draft::new().protect(name, json!(value)));
            assert_eq!(why, E::Time { name, value: value.into() });
        }
        for value in [json!(1_782_907_200), json!(["2026-07-01T12:00:00Z"]), json!(true)] {
            assert!(matches!(refused(&Draft::new().protect(name, value)), E::Json(JsonError::Type { .. })));
        }
        let null = Draft::new().protect(name, json!("NULL")).protected_text("\"NULL\"", "null");
        assert!(matches!(refused(&null), E::Json(JsonError::Missing { .. })), "{name}");
    }
}

#[test]
fn rejects_expiry_before_or_at_the_signing_time() {
    for expiry in ["2026-07-01T12:00:00Z", "2026-07-01T11:59:59Z", "2026-07-01T12:30:00+01:00", "0001-01-01T00:00:00Z"]
    {
        let why = refused(&Draft::new().protect(header::EXPIRY, json!(expiry)));
        assert!(matches!(why, E::ExpiryBeforeSigning { .. }), "{expiry}: {why}");
    }
    Draft::new().protect(header::EXPIRY, json!("2026-07-01T12:00:01Z")).parse().unwrap();
}

#[test]
fn protected_header_must_be_one_object() {
    for text in ["[]", "null", "\"alg\"", "{}{}", "{", "", "\u{feff}{}"] {
        let mut draft = Draft::new();
        draft.protected_text = Some(text.to_owned());
        match draft.parse().unwrap_err() {
            EnvelopeError::Attributes(E::Json(_)) => {}
            EnvelopeError::Json(JsonError::Missing { .. }) if text.is_empty() => {}
            other => panic!("{text}: {other:?}"),
        }
    }
    let mut array = Draft::new();
    let values: Vec<Value> = array.protected.as_object().unwrap().values().cloned().collect();
    array.protected = Value::Array(values);
    assert!(matches!(refused(&array), E::Json(JsonError::Type { .. })));
}
