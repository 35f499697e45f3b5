//! Trust policy documents: validity, and the statement that applies.

use notary::trust::policy::{RegistryScope, TrustPolicyDocument};

use super::Expected::{self, Accepted, OnlyNotationAccepts, Refused};
use super::World;

const LISTED: &str = "version 1.0 has only the properties under \"Trust Policy Properties\"";
const JSON: &str = "\"Trust policy files are JSON documents\": RFC 8259, whose names should be unique";
const NO_GLOBAL_SKIP: &str = "\"Note that `skip` cannot be used with a global scope (`*`)\"";
const OVERLAP: &str =
    "\"they are considered overlapping if there exists a certificate for which multiple DNs evaluate true\"";
const COMMAS: &str = "\"MUST be followed by comma-separated one or more RDNs\"";
const ATTRIBUTES: &str = "notation accepts attribute types that it never finds in a certificate, so nothing can match";
const VALUE: &str = "\"an equal sign and the string representation of the corresponding attribute value\"";
const TIMESTAMP: &str = "\"Supported values are `always` and `afterCertExpiry`\"";
const STORE_NAME: &str = "\"The name of this sub directory is used to reference the specific store in trust policy\"";
const QUOTES: &str = "notation treats the quotes of a quoted value (RFC 2253) as part of it, so nothing can match";

const A: &str = r#""name":"a""#;
const SCOPES: &str = r#""registryScopes":["local/a"]"#;
const STRICT: &str = r#""signatureVerification":{"level":"strict"}"#;
const STORES: &str = r#""trustStores":["ca:x"]"#;
const ANYONE: &str = r#""trustedIdentities":["*"]"#;

fn document(statements: &[String]) -> String {
    format!(r#"{{"version":"1.0","trustPolicies":[{}]}}"#, statements.join(","))
}

/// A document with one statement, with one of the members above replaced.
fn with(old: &str, new: &str) -> String {
    let members = [A, SCOPES, STRICT, STORES, ANYONE].map(|member| if member == old { new } else { member });
    let members: Vec<&str> = members.into_iter().filter(|member| !member.is_empty()).collect();
    document(&[format!("{{{}}}", members.join(","))])
}

fn scopes(scopes: &str) -> String {
    with(SCOPES, &format!(r#""registryScopes":{scopes}"#))
}

fn verification(verification: &str) -> String {
    with(STRICT, &format!(r#""signatureVerification":{verification}"#))
}

fn overrides(level: &str, overrides: &str) -> String {
    verification(&format!(r#"{{"level":"{level}","override":{overrides}}}"#))
}

fn stores(stores: &str) -> String {
    with(STORES, &format!(r#""trustStores":{stores}"#))
}

fn identities(identities: &[&str]) -> String {
    with(ANYONE, &format!(r#""trustedIdentities":{}"#, serde_json::to_string(identities).unwrap()))
}

fn subject(subject: &str) -> String {
    identities(&[&format!("x509.subject: {subject}")])
}

fn skip(scopes: &str, more: &str) -> String {
    document(&[format!(r#"{{"name":"s","registryScopes":{scopes},"signatureVerification":{{"level":"skip"}}{more}}}"#)])
}

/// The documents and their expected results.
fn cases() -> Vec<(String, Expected)> {
    let valid = with("", "");
    let statement = |name: &str, scope: &str| {
        format!(r#"{{"name":"{name}","registryScopes":["{scope}"],{STRICT},{STORES},{ANYONE}}}"#)
    };
    vec![
        (valid.clone(), Accepted),
        (format!(" \n{valid}\t"), Accepted),
        (String::new(), Refused),
        ("null".to_owned(), Refused),
        (format!("{valid}x"), Refused),
        (format!("\u{feff}{valid}"), Refused),
        (valid.replace("\"1.0\"", "\"1.1\""), Refused),
        (valid.replace("\"1.0\"", "1.0"), Refused),
        (valid.replace("\"version\":\"1.0\",", ""), Refused),
        (valid.replace("\"version\":\"1.0\"", "\"version\":\"0\",\"version\":\"1.0\""), OnlyNotationAccepts(JSON)),
        (valid.replace("\"version\"", "\"Version\""), OnlyNotationAccepts(LISTED)),
        (valid.replace("{\"version\"", "{\"comment\":1,\"version\""), OnlyNotationAccepts(LISTED)),
        (document(&[]), Refused),
        (document(&["null".to_owned()]), Refused),
        (document(&[statement("a", "r/a"), statement("b", "r/b")]), Accepted),
        (document(&[statement("a", "r/a"), statement("a", "r/b")]), Refused),
        (document(&[statement("a", "r/a"), statement("b", "r/a")]), Refused),
        (document(&[statement("a", "*"), statement("b", "*")]), Refused),
        (with(A, ""), Refused),
        (with(A, r#""name":"""#), Refused),
        (with(A, r#""name":"a","globalPolicy":true"#), OnlyNotationAccepts(LISTED)),
        (with(A, r#""NAME":"a""#), OnlyNotationAccepts(LISTED)),
        (with(A, r#""name":"a","name":"b""#), OnlyNotationAccepts(JSON)),
        (with(SCOPES, ""), Refused),
        (scopes("[]"), Refused),
        (scopes("null"), Refused),
        (scopes("\"local/a\""), Refused),
        (scopes(r#"["*"]"#), Accepted),
        (scopes(r#"["*","local/a"]"#), Refused),
        (scopes(r#"["*","*"]"#), Refused),
        (scopes(r#"["local/a","local/a"]"#), Refused),
        (scopes(r#"["local/*"]"#), Refused),
        (scopes(r#"["local/a:v1"]"#), Refused),
        (scopes(r#"["https://local/a"]"#), Refused),
        (scopes(r#"["local"]"#), Refused),
        (scopes(r#"["LOCAL:5000/a__b/c---d"]"#), Accepted),
        (scopes(r#"["local/A"]"#), Refused),
        (scopes(r#"["local/a___b"]"#), Refused),
        (scopes(r#"["local/a\n"]"#), Refused),
        (scopes("[null]"), Refused),
        (with(STRICT, ""), Refused),
        (verification("{}"), Refused),
        (verification(r#"{"level":"Strict"}"#), Refused),
        (verification(r#"{"level":"audit","verifyTimestamp":"afterCertExpiry"}"#), Accepted),
        (verification(r#"{"level":"audit","verifyTimestamp":"never"}"#), Refused),
        (verification(r#"{"level":"audit","verifyTimestamp":""}"#), OnlyNotationAccepts(TIMESTAMP)),
        (verification(r#"{"level":"audit","verifyTimestamp":null}"#), Accepted),
        (verification(r#"{"level":"audit","overide":{"revocation":"enforce"}}"#), OnlyNotationAccepts(LISTED)),
        (overrides("strict", r#"{"revocation":"skip","expiry":"log"}"#), Accepted),
        (overrides("audit", r#"{"authenticity":"enforce","authenticTimestamp":"enforce"}"#), Accepted),
        (overrides("strict", r#"{"integrity":"enforce"}"#), Refused),
        (overrides("strict", r#"{"authenticity":"skip"}"#), Refused),
        (overrides("strict", r#"{"expiry":"skip"}"#), Refused),
        (overrides("strict", r#"{"Expiry":"log"}"#), Refused),
        (overrides("strict", r#"{"expiry":"warn"}"#), Refused),
        (overrides("strict", r#"{"expiry":null}"#), Refused),
        (overrides("strict", r#"{"expiry":"log","expiry":"enforce"}"#), OnlyNotationAccepts(JSON)),
        (overrides("strict", "{}"), Accepted),
        (skip(r#"["local/s"]"#, ""), Accepted),
        (skip(r#"["local/s"]"#, r#","trustStores":[],"trustedIdentities":null"#), Accepted),
        (skip(r#"["local/s"]"#, r#","trustStores":["ca:x"]"#), Refused),
        (skip(r#"["local/s"]"#, r#","trustedIdentities":["*"]"#), Refused),
        (skip(r#"["*"]"#, ""), OnlyNotationAccepts(NO_GLOBAL_SKIP)),
        (overrides("skip", r#"{"expiry":"log"}"#), Refused),
        (with(STORES, ""), Refused),
        (stores(r#"["ca:x","ca:x","tsa:t","signingAuthority:s"]"#), Accepted),
        (stores(r#"["x"]"#), Refused),
        (stores(r#"["CA:x"]"#), Refused),
        (stores(r#"["ca:"]"#), Refused),
        (stores(r#"["ca:../x"]"#), Refused),
        (stores(r#"["ca:a b"]"#), Refused),
        (stores(r#"["ca:.."]"#), OnlyNotationAccepts(STORE_NAME)),
        (with(ANYONE, ""), Refused),
        (identities(&["*", "x:y"]), Refused),
        (identities(&[""]), Refused),
        (identities(&["nobody"]), Refused),
        (identities(&["did:x:y", "arn:aws:signer:us-west-2:111122223333:/signing-profiles/ab"]), Accepted),
        (identities(&["x509.subject:"]), Refused),
        (subject(""), Refused),
        (subject("C=US, ST=WA, O=x"), Accepted),
        (subject("O=x,S=WA,C=US"), Accepted),
        (subject("C=US, ST=WA"), Refused),
        (subject("C=US, ST=WA, S=WA, O=x"), Refused),
        (subject("C=US, ST=WA, O=x+OU=y"), Refused),
        (subject("C=US, ST=WA, O=#0c0178"), Refused),
        (subject("C=US, ST=WA, O=x, CN=a=#b"), Refused),
        (subject("C=US, ST=WA, O=Acme, Inc."), Refused),
        (subject(r"C=US, ST=WA, O=Acme\, Inc."), Accepted),
        (subject(r"C=US, ST=WA, O=a\x"), Refused),
        (subject(r"C=US, ST=WA, O=a\"), Refused),
        (subject("C=US, ST=WA, O=x,"), Refused),
        (subject("c=US, ST=WA, O=x"), Refused),
        (subject("C=US, ST=WA, O=x, cn=y"), OnlyNotationAccepts(ATTRIBUTES)),
        (subject("C=US, ST=WA, O=x, DC=y"), OnlyNotationAccepts(ATTRIBUTES)),
        (subject("C=US; ST=WA; O=x"), OnlyNotationAccepts(COMMAS)),
        (subject("C=US, ST=WA, O=x, CN="), OnlyNotationAccepts(VALUE)),
        (subject("C=US, ST=WA, O=\"x\""), OnlyNotationAccepts(QUOTES)),
        (identities(&["x509.subject: C=US, ST=WA, O=x", "x509.subject: C=US, ST=WA, O=y"]), Accepted),
        (identities(&["x509.subject: C=US, ST=WA, O=x", "x509.subject: C=US, S=WA, O=x, CN=a"]), Refused),
        (
            identities(&["x509.subject: C=US, ST=WA, O=x, OU=a", "x509.subject: C=US, ST=WA, O=x, CN=b"]),
            OnlyNotationAccepts(OVERLAP),
        ),
    ]
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn validates_documents_like_notation_or_the_specification() {
    let peers = crate::support::peers();
    let world = World::new(&peers);
    let mut wrong = Vec::new();
    for (document, expected) in cases() {
        let ours = TrustPolicyDocument::parse(document.as_bytes()).map(|_| ()).map_err(|why| why.to_string());
        expected.check(&mut wrong, &document, ours, world.import(document.as_bytes()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn selects_the_same_statement_as_notation() {
    let peers = crate::support::peers();
    let world = World::new(&peers);
    let statement = |name: &str, scopes: &str| {
        format!(r#"{{"name":"{name}","registryScopes":{scopes},{STRICT},{STORES},{ANYONE}}}"#)
    };
    let named = [statement("first", r#"["local/a","local/b"]"#), statement("second", r#"["local/a/b"]"#)];
    let global = [statement("everything else", r#"["*"]"#)];
    for (statements, expected) in [
        (named.to_vec(), [Some("first"), Some("first"), Some("second"), None, None, None]),
        (
            [global.as_slice(), &named].concat(),
            [
                Some("first"),
                Some("first"),
                Some("second"),
                Some("everything else"),
                Some("everything else"),
                Some("everything else"),
            ],
        ),
    ] {
        let text = document(&statements);
        world.import(text.as_bytes()).unwrap();
        let document = TrustPolicyDocument::parse(text.as_bytes()).unwrap();
        let scopes = ["local/a", "local/b", "local/a/b", "local/c", "LOCAL/a", "other/a"];
        for (scope, expected) in scopes.iter().zip(expected) {
            let scope: RegistryScope = scope.parse().unwrap();
            // The difference: with notation, a caller can select the global statement by spelling the host in another
            // case.
            let ours = if scope.as_str() == "LOCAL/a" { None } else { expected };
            assert_eq!(document.applicable(&scope).ok().map(|policy| policy.name()), ours, "{scope}");
            let said = world.verify(scope.as_str());
            let name = said.stderr.split_once("Trust policy configuration: &{Name:").map(|(_, rest)| rest);
            let name = name.and_then(|rest| rest.split_once(" RegistryScopes:")).map(|(name, _)| name);
            assert_eq!(name, expected, "{said}");
        }
    }
}
