//! Protected and unprotected headers: which must or must not be critical, and where each belongs.

use serde_json::{Value, json};

use super::Expected::{self, Accepted, OnlyNotationAccepts, Refused};
use super::case::Case;
use super::names::{AGENT, AUTHENTIC, EXPIRY, PLUGIN, SCHEME, TIME, TIMESTAMP, VERSION};
use super::rules::{CASE, CRITICAL_REGISTERED, CRITICAL_UNKNOWN, PLUGIN_VERSION, REGISTERED, UNIQUE, UNPROTECTED};

fn crit(name: &str, expected: Expected, crit: Value) -> Case {
    Case::new(name, expected).draft(move |draft| draft.protect("crit", crit.clone()))
}

/// A protected header that is not critical.
fn extra(name: &str, expected: Expected, key: &'static str, value: Value) -> Case {
    Case::new(name, expected).draft(move |draft| draft.protect(key, value.clone()))
}

/// A protected header that is critical.
fn critical(name: &str, expected: Expected, key: &'static str, value: Value) -> Case {
    Case::new(name, expected).draft(move |draft| draft.protect(key, value.clone()).critical(key))
}

fn unprotected(name: &str, expected: Expected, key: &'static str, value: Value) -> Case {
    Case::new(name, expected).draft(move |draft| draft.unprotected(key, value.clone()))
}

fn text(name: &str, expected: Expected, from: &'static str, to: &'static str) -> Case {
    Case::new(name, expected).draft(move |draft| draft.protected_text(from, to))
}

fn critical_headers() -> Vec<Case> {
    let absent = "which is missing from the header, empty or listed twice";
    vec![
        crit("no crit", Refused("crit is missing"), Value::Null),
        crit("an empty crit", Refused("crit is missing"), json!([])),
        crit("crit as a string", Refused("crit must be"), json!(SCHEME)),
        crit("a number in crit", Refused("crit"), json!([SCHEME, EXPIRY, 1])),
        crit("an empty name in crit", Refused("crit"), json!([SCHEME, EXPIRY, ""])),
        crit("crit without the scheme", Refused("must be listed in crit"), json!([EXPIRY])),
        crit("crit without the expiry", Refused("must be listed in crit"), json!([SCHEME])),
        crit("crit with a name twice", Refused(absent), json!([SCHEME, EXPIRY, SCHEME])),
        crit("crit with an absent header", Refused(absent), json!([SCHEME, EXPIRY, "com.example.x"])),
        crit("crit in another order", Accepted, json!([EXPIRY, SCHEME])),
        crit("crit with alg", Refused("JWS itself defines"), json!([SCHEME, EXPIRY, "alg"])),
        crit("crit with crit", Refused("JWS itself defines"), json!([SCHEME, EXPIRY, "crit"])),
        crit("crit with the signing time", Refused("signingTime"), json!([SCHEME, EXPIRY, TIME])),
        crit("crit without the authentic signing time", Refused("must be listed in crit"), json!([SCHEME, EXPIRY]))
            .authority(),
        critical(
            "a critical header that JWS defines",
            OnlyNotationAccepts(CRITICAL_REGISTERED, "JWS itself defines"),
            "kid",
            json!("1"),
        ),
        critical(
            "an unknown critical header",
            OnlyNotationAccepts(CRITICAL_UNKNOWN, "names no verification plugin"),
            "com.example.x",
            json!("1"),
        ),
        extra("an unknown header", Accepted, "com.example.x", json!({ "a": [1] })),
        extra("a JWS header that is not used", Accepted, "typ", json!("JOSE")),
        extra("b64", OnlyNotationAccepts(REGISTERED, "b64"), "b64", json!(true)),
        critical("a verification plugin that is not installed", Refused("plugin"), PLUGIN, json!("com.example.plugin")),
        critical("a verification plugin without a name", Refused("verificationPlugin"), PLUGIN, json!("")),
        critical("a verification plugin that is a number", Refused("verificationPlugin"), PLUGIN, json!(1)),
        extra(
            "a verification plugin that is not critical",
            Refused("must be listed in crit"),
            PLUGIN,
            json!("com.example.p"),
        ),
        critical(
            "a plugin version without a plugin",
            OnlyNotationAccepts(PLUGIN_VERSION, "of a verification plugin, but names none"),
            VERSION,
            json!("1.0.0"),
        ),
    ]
}

fn names_and_values() -> Vec<Case> {
    vec![
        extra("no cty", Refused("cty is missing"), "cty", Value::Null),
        extra("another cty", Refused("cty is"), "cty", json!("application/json")),
        extra("cty in capitals", Refused("cty is"), "cty", json!("Application/vnd.cncf.notary.payload.v1+json")),
        extra(
            "cty with a parameter",
            Refused("cty is"),
            "cty",
            json!("application/vnd.cncf.notary.payload.v1+json;v=1"),
        ),
        extra("no scheme", Refused("missing from the header"), SCHEME, Value::Null),
        extra("an unknown scheme", Refused("unsupported signing scheme"), SCHEME, json!("notary.x509.other")),
        extra("a scheme in capitals", Refused("unsupported signing scheme"), SCHEME, json!("Notary.X509")),
        extra("a scheme that is a number", Refused("signingScheme"), SCHEME, json!(1)),
        extra("the time of the other scheme", Refused("not allowed"), AUTHENTIC, json!("2026-07-01T12:00:00Z")),
        extra("no signing time", Refused("signingTime is missing"), TIME, Value::Null),
        extra(
            "the time of the other scheme, signingAuthority",
            Refused("not allowed"),
            TIME,
            json!("2026-07-01T12:00:00Z"),
        )
        .authority(),
        Case::new("no authentic signing time", Refused("authenticSigningTime is missing"))
            .authority()
            .draft(|draft| draft.protect(AUTHENTIC, Value::Null).protect("crit", json!([SCHEME, EXPIRY]))),
        text(
            "a header twice",
            OnlyNotationAccepts(UNIQUE, "not a valid JSON"),
            "{\"alg\"",
            "{\"alg\":\"none\",\"alg\"",
        ),
        text("Cty for cty", OnlyNotationAccepts(CASE, "differs from another only"), "\"cty\"", "\"Cty\""),
        text("CRIT for crit", OnlyNotationAccepts(CASE, "differs from another only"), "\"crit\"", "\"CRIT\""),
        text(
            "Alg beside alg",
            OnlyNotationAccepts(CASE, "differs from another only"),
            "{\"alg\"",
            "{\"Alg\":\"ES256\",\"alg\"",
        ),
        text("an array for the protected header", Refused("must be an object"), "{\"alg\"", "[],{\"alg\"").draft(
            |draft| {
                let text = format!("[{}]", draft.protected);
                testing::envelope::Draft { protected_text: Some(text), ..draft }
            },
        ),
        text("text after the protected header", Refused("not a valid JSON"), "\"}", "\"}x"),
    ]
}

fn unprotected_headers() -> Vec<Case> {
    let claim = OnlyNotationAccepts(UNPROTECTED, "which only the protected header may have");
    vec![
        unprotected("alg in the unprotected header", claim, "alg", json!("none")),
        unprotected("crit in the unprotected header", claim, "crit", json!(["com.example.x"])),
        unprotected("an expiry in the unprotected header", claim, EXPIRY, json!("2020-01-01T00:00:00Z")),
        unprotected("a plugin in the unprotected header", claim, PLUGIN, json!("com.example.plugin")),
        unprotected("an unknown unprotected header", Accepted, "com.example.x", json!(1)),
        extra(
            "x5c in the protected header",
            OnlyNotationAccepts(UNPROTECTED, "which only the unprotected header may have"),
            "x5c",
            json!([]),
        ),
        unprotected("a signing agent", Accepted, AGENT, json!("a b/1\u{202e} \"c\"")),
        unprotected("an empty signing agent", Accepted, AGENT, json!("")),
        unprotected("a signing agent that is a number", Refused("signingAgent"), AGENT, json!(1)),
        unprotected("a timestamp that is not required", Accepted, TIMESTAMP, json!("AAAA")),
        unprotected("a timestamp that is not base64", Refused("base64"), TIMESTAMP, json!("***")),
        unprotected("a timestamp, signingAuthority", Accepted, TIMESTAMP, json!("AAAA")).authority(),
    ]
}

pub fn cases() -> Vec<Case> {
    [critical_headers(), names_and_values(), unprotected_headers()].into_iter().flatten().collect()
}
