#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};

use super::*;
use crate::reference::RepositoryName;

const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd";

fn statement() -> Value {
    json!({
        "name": "images",
        "registryScopes": ["registry.example.com/team/app"],
        "signatureVerification": { "level": "strict" },
        "trustStores": ["signingAuthority:aws-signer-ts"],
        "trustedIdentities": [PROFILE],
    })
}

fn document(statements: &[Value]) -> Vec<u8> {
    json!({ "version": "1.0", "trustPolicies": statements }).to_string().into_bytes()
}

/// The statement with one member replaced, or removed if `value` is null.
fn with(member: &str, value: Value) -> Value {
    let mut statement = statement();
    statement[member] = value;
    statement
}

fn refusal(statements: &[Value]) -> String {
    TrustPolicyDocument::parse(&document(statements)).unwrap_err().to_string()
}

fn scope(text: &str) -> RegistryScope {
    text.parse().unwrap()
}

#[test]
fn parses_all_members_of_a_statement() {
    let mut statement = with("trustedIdentities", json!(["x509.subject: C=US, ST=WA, O=x", PROFILE, "did:x:1"]));
    statement["trustStores"] = json!(["ca:a", "tsa:t", "ca:a"]);
    statement["signatureVerification"] =
        json!({ "level": "strict", "override": { "revocation": "skip" }, "verifyTimestamp": "afterCertExpiry" });
    let document = TrustPolicyDocument::parse(&document(&[statement])).unwrap();
    let policy = document.applicable(&scope("registry.example.com/team/app")).unwrap();
    assert_eq!(policy.name(), "images");
    assert_eq!(policy.trust_stores().iter().map(ToString::to_string).collect::<Vec<_>>(), ["ca:a", "tsa:t"]);
    assert_eq!(policy.trust_stores_of(TrustStoreType::Tsa).count(), 1);
    let verification = policy.signature_verification();
    assert_eq!(verification.action(ValidationType::Revocation), ValidationAction::Skip);
    assert_eq!(verification.action(ValidationType::Expiry), ValidationAction::Enforce);
    assert_eq!(verification.verify_timestamp(), VerifyTimestamp::AfterCertExpiry);
    assert_eq!(policy.trusted_identities().to_strings(), ["x509.subject: C=US, ST=WA, O=x", PROFILE, "did:x:1"]);
    assert_eq!(policy.trusted_identities().x509_subjects().count(), 1);
}

#[test]
fn exact_scope_wins_over_the_global_one() {
    let mut global = with("registryScopes", json!(["*"]));
    global["name"] = json!("global");
    let document_with_global = TrustPolicyDocument::parse(&document(&[global, statement()])).unwrap();
    let name = |repository| document_with_global.applicable(&scope(repository)).unwrap().name().to_owned();
    assert_eq!(name("registry.example.com/team/app"), "images");
    assert_eq!(name("registry.example.com/team/app2"), "global");
    assert_eq!(name("registry.example.com/team"), "global");
    let alone = TrustPolicyDocument::parse(&document(&[statement()])).unwrap();
    for spelling in ["Registry.example.com/team/app", "registry.example.com:443/team/app"] {
        let why = document_with_global.applicable(&scope(spelling)).unwrap_err().to_string();
        assert!(why.contains("refer to the artifact as registry.example.com/team/app"), "{why}");
    }
    let why = alone.applicable(&scope("registry.example.com/team/other")).unwrap_err().to_string();
    assert!(why.contains("add \"registry.example.com/team/other\" to the registryScopes"), "{why}");
}

#[test]
fn errors_name_statement_path_value_and_alternatives() {
    for (member, value, expected) in [
        ("registryScopes", json!([]), "trustPolicies[0].registryScopes: at least one"),
        ("registryScopes", json!(["*", "r/a"]), "registryScopes: the wildcard"),
        ("registryScopes", json!(["r/a", "r/*"]), "trustPolicies[0].registryScopes[1]: \"r/*\" has a wildcard"),
        ("registryScopes", json!(["r/a", 1]), "registryScopes[1] must be a string, not a number"),
        ("signatureVerification", json!(null), "trustPolicies[0].signatureVerification is missing"),
        ("signatureVerification", json!({}), "trustPolicies[0].signatureVerification.level is missing"),
        (
            "signatureVerification",
            json!({ "level": "Strict" }),
            "signatureVerification.level: unknown value \"Strict\"; allowed are strict, permissive, audit, skip",
        ),
        (
            "signatureVerification",
            json!({ "level": "strict", "override": { "expiry": "skip" } }),
            "signatureVerification.override.expiry: expiry cannot be skipped; allowed are enforce and log",
        ),
        (
            "signatureVerification",
            json!({ "level": "strict", "override": { "expiry": null } }),
            "signatureVerification.override.expiry must be a string, not null",
        ),
        (
            "signatureVerification",
            json!({ "level": "strict", "override": { "signature": "log" } }),
            "signatureVerification.override.signature: unknown value \"signature\"; allowed are integrity, authenticity",
        ),
        (
            "signatureVerification",
            json!({ "level": "strict", "overide": {} }),
            "signatureVerification.overide: unknown member",
        ),
        (
            "signatureVerification",
            json!({ "level": "strict", "verifyTimestamp": "never" }),
            "signatureVerification.verifyTimestamp: unknown value \"never\"; allowed are always, afterCertExpiry",
        ),
        ("signatureVerification", json!({ "level": "skip" }), "trustPolicies[0].trustStores: the level skip"),
        ("trustStores", json!([]), "trustPolicies[0].trustStores: at least one"),
        ("trustStores", json!(["ca:a", "ca:.."]), "trustPolicies[0].trustStores[1]: \"ca:..\" has no valid name"),
        ("trustedIdentities", json!(null), "trustPolicies[0].trustedIdentities: at least one"),
        ("trustedIdentities", json!(["*", PROFILE]), "trustedIdentities: the wildcard"),
        ("trustedIdentities", json!([PROFILE, ""]), "trustPolicies[0].trustedIdentities[1]: \"\" has no prefix"),
        (
            "trustedIdentities",
            json!(["x509.subject: C=US, ST=WA"]),
            "trustedIdentities[0]: \"x509.subject: C=US, ST=WA\": O",
        ),
        ("globalPolicy", json!(true), "trustPolicies[0].globalPolicy: unknown member"),
        ("Name", json!("x"), "trustPolicies[0].Name: unknown member"),
    ] {
        let why = refusal(&[with(member, value)]);
        assert!(why.starts_with("trust policy statement \"images\": "), "{why}");
        assert!(why.contains(expected), "{why}\n{expected}");
    }
}

#[test]
fn rejects_malformed_documents_and_other_versions() {
    for (text, expected) in [
        ("", "not a valid JSON document"),
        ("[]", "must be an object, not an array"),
        ("{}", "version is missing"),
        (r#"{"version":1.0,"trustPolicies":[]}"#, "version must be a string"),
        (r#"{"version":"1.1","trustPolicies":[]}"#, "unsupported version \"1.1\"; use \"1.0\""),
        (r#"{"version":"1.0"}"#, "trustPolicies is missing"),
        (r#"{"version":"1.0","trustPolicies":[]}"#, "trustPolicies is missing"),
        (r#"{"version":"1.0","trustPolicies":[{}]}"#, "trustPolicies[0].name is missing"),
        (r#"{"version":"1.0","version":"1.0"}"#, "duplicate key"),
        (r#"{"version":"1.0","trustPolicies":[null]}"#, "trustPolicies[0] must be an object, not null"),
    ] {
        let why = TrustPolicyDocument::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(why.contains(expected), "{text}: {why}");
    }
    let extra = json!({ "version": "1.0", "trustPolicies": [statement()], "x": 1 }).to_string();
    let why = TrustPolicyDocument::parse(extra.as_bytes()).unwrap_err().to_string();
    assert!(why.contains("unknown member x; allowed are version and trustPolicies"), "{why}");
    assert_eq!(TrustPolicyDocument::parse(&vec![b' '; 1 << 21]), Err(PolicyError::TooLarge(1 << 21)));
}

#[test]
fn rejects_duplicate_names_and_scopes() {
    let mut other = statement();
    other["registryScopes"] = json!(["r/a"]);
    assert!(refusal(&[statement(), other.clone()]).contains("trustPolicies[1].name: duplicate"));
    other["name"] = json!("other");
    other["registryScopes"] = json!(["r/a", "registry.example.com/team/app"]);
    assert!(refusal(&[statement(), other.clone()]).contains("\"images\" and \"other\" both have the registry scope"));
    other["registryScopes"] = json!(["*"]);
    assert!(refusal(&[with("registryScopes", json!(["*"])), other]).contains("both have the registry scope \"*\""));
    assert!(refusal(&[with("registryScopes", json!(["r/a", "r/a"]))]).contains("\"r/a\" is listed twice"));
}

#[test]
fn selects_the_policy_of_a_layout() {
    fn layout(scope: Option<&RegistryScope>) -> ArtifactLocation<'_> {
        ArtifactLocation::Layout { scope }
    }
    let mut all = statement();
    all["name"] = json!("all");
    all["registryScopes"] = json!(["*"]);
    let both = TrustPolicyDocument::parse(&document(&[with("registryScopes", json!(["r.example/a"])), all])).unwrap();
    let listed = scope("r.example/a");
    assert_eq!(both.applicable_to(layout(None)).unwrap().name(), "all");
    assert_eq!(both.applicable_to(layout(Some(&listed))).unwrap().name(), "images");
    let other = scope("r.example/b");
    assert_eq!(both.applicable_to(layout(Some(&other))).unwrap().name(), "all");
    let repository = |text: &str| text.parse::<RepositoryName>().unwrap();
    let named = repository("r.example/a");
    assert_eq!(both.applicable_to(ArtifactLocation::Repository(&named)).unwrap().name(), "images");
    let at_address = repository("[::1]:5000/a");
    let refused = both.applicable_to(ArtifactLocation::Repository(&at_address)).unwrap_err();
    assert!(matches!(refused, NoApplicablePolicy::InvalidScope(_)), "{refused}");
    let one = TrustPolicyDocument::parse(&document(&[with("registryScopes", json!(["r.example/a"]))])).unwrap();
    assert_eq!(one.applicable_to(layout(None)), Err(NoApplicablePolicy::NoGlobalScope));
}

#[test]
fn rejects_trust_and_global_scope_at_level_skip() {
    let mut skip = json!({
        "name": "unsigned", "registryScopes": ["r/a"], "signatureVerification": { "level": "skip" },
    });
    let read = TrustPolicyDocument::parse(&document(&[skip.clone()])).unwrap();
    let policy = read.applicable(&scope("r/a")).unwrap();
    assert!(policy.is_skip());
    assert!(policy.trust_stores().is_empty());
    assert_eq!(policy.trusted_identities(), &TrustedIdentities::Listed(Vec::new()));
    skip["registryScopes"] = json!(["*"]);
    assert!(refusal(&[skip]).contains("signatureVerification.level: the level skip must not apply to all artifacts"));
}

#[test]
fn rejects_overlapping_identities() {
    let base = "x509.subject: C=US, ST=WA, O=x";
    let refused = |other: &str| {
        let parsed = TrustPolicyDocument::parse(&document(&[with("trustedIdentities", json!([base, other]))]));
        parsed.is_err_and(|why| why.to_string().contains("overlap"))
    };
    assert!(refused("x509.subject:S=WA,O=x,C=US"));
    assert!(refused("x509.subject: C=US, ST=WA, O=x, CN=a"));
    assert!(!refused("x509.subject: C=US, ST=WA, O=y, CN=a"));
    let many: Vec<String> = (0..=MAX_IDENTITIES).map(|i| format!("x509.subject: C=US, ST=WA, O={i}")).collect();
    assert!(refusal(&[with("trustedIdentities", json!(many))]).contains("1001 identities, at most 1000"));
}

#[test]
fn selects_a_blob_policy_by_name_or_the_global_one() {
    let blob = |name: &str, global: Value| {
        let mut blob = with("name", json!(name));
        blob["globalPolicy"] = global;
        blob.as_object_mut().unwrap().remove("registryScopes");
        blob
    };
    let named = blob("named", json!(null));
    let global = blob("global", json!(true));
    let both = BlobTrustPolicyDocument::parse(&document(&[named.clone(), global.clone()])).unwrap();
    assert_eq!(both.applicable(Some("named")).unwrap().name(), "named");
    assert_eq!(both.applicable(None).unwrap().name(), "global");
    assert!(both.applicable(Some("other")).unwrap_err().to_string().contains("available are named, global"));
    let without = BlobTrustPolicyDocument::parse(&document(std::slice::from_ref(&named))).unwrap();
    assert!(without.applicable(None).unwrap_err().to_string().contains("select one by name (named)"));

    let refusal = |statements: &[Value]| BlobTrustPolicyDocument::parse(&document(statements)).unwrap_err().to_string();
    assert!(refusal(&[global, blob("b", json!(true))]).contains("\"global\" and \"b\" both have globalPolicy true"));
    assert!(refusal(&[blob("b", json!("true"))]).contains("globalPolicy must be true or false, not a string"));
    assert!(refusal(&[statement()]).contains("trustPolicies[0].registryScopes: unknown member"));
    let skip = json!({ "name": "s", "globalPolicy": true, "signatureVerification": { "level": "skip" } });
    assert!(refusal(&[skip]).contains("globalPolicy: the level skip must not apply to all"));
}

#[test]
fn every_problem_is_found_at_once() {
    let mut worst = statement();
    worst["name"] = json!("worst");
    worst["registryScopes"] = json!(["*", "r.example/a"]);
    worst["signatureVerification"] = json!({ "level": "strong", "verifyTimestamp": "sometimes", "overide": {} });
    worst["trustStores"] = json!(["ca", "ca:a b", "ca:right"]);
    worst["trustedIdentities"] = json!(["C=US", "x509.subject: C=US", "*x"]);
    let mut misspelt = statement();
    misspelt["name"] = json!("misspelt");
    let scopes = misspelt.as_object_mut().unwrap().remove("registryScopes").unwrap();
    misspelt["registryScope"] = scopes;
    let right = with("registryScopes", json!(["r.example/b"]));
    let text = json!({ "version": "2.0", "extra": 1, "trustPolicies": [worst, misspelt, right] }).to_string();
    let (drafts, problems) = TrustPolicyDocument::drafts(text.as_bytes());
    assert_eq!(drafts.iter().filter(|draft| draft.is_complete).count(), 2);
    assert_eq!(drafts[0].trust_stores, ["ca:right".parse().unwrap()]);
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for expected in [
        "unknown member extra",
        "unsupported version \"2.0\"",
        "signatureVerification.overide: unknown member",
        "signatureVerification.level:",
        "signatureVerification.verifyTimestamp:",
        "registryScopes: the wildcard",
        "trustStores[0]:",
        "trustStores[1]:",
        "trustedIdentities[0]:",
        "trustedIdentities[1]:",
        "trustedIdentities[2]:",
        "registryScope: unknown member",
    ] {
        let found = problems.iter().filter(|problem| problem.contains(expected)).count();
        assert_eq!(found, 1, "{expected}: {problems:#?}");
    }
    assert_eq!(problems.len(), 12, "{problems:#?}");
    assert_eq!(TrustPolicyDocument::parse(text.as_bytes()).unwrap_err().to_string(), problems[0]);
}

#[test]
fn every_problem_between_statements_is_found() {
    let mut global = with("registryScopes", json!(["*"]));
    global["name"] = json!("global");
    let mut skip = json!({ "name": "skip", "registryScopes": ["*"], "signatureVerification": { "level": "skip" } });
    skip["trustStores"] = json!([]);
    let statements = [statement(), statement(), global.clone(), global, skip];
    let (_, problems) = TrustPolicyDocument::drafts(&document(&statements));
    let same_name = problems.iter().filter(|problem| matches!(problem, PolicyError::SameName { .. })).count();
    let same_scope = problems.iter().filter(|problem| matches!(problem, PolicyError::SameScope { .. })).count();
    assert_eq!((same_name, same_scope, problems.len()), (2, 3, 6), "{problems:#?}");
    let blob = json!({ "name": "b", "globalPolicy": "yes", "signatureVerification": { "level": "x" } });
    let (_, problems) = BlobTrustPolicyDocument::drafts(&document(&[blob]));
    assert!(problems.len() >= 2, "{problems:#?}");
}

#[test]
fn a_statement_without_a_name_hides_no_other_problem() {
    let mut unnamed = statement();
    unnamed.as_object_mut().unwrap().remove("name");
    unnamed["registryScopes"] = json!(["r.example/A"]);
    unnamed["signatureVerification"] = json!({ "level": "strictt" });
    unnamed["trustStores"] = json!(["x"]);
    unnamed["trustedIdentities"] = json!(["zzz"]);
    let (drafts, problems) = TrustPolicyDocument::drafts(&document(&[unnamed]));
    assert_eq!(drafts[0].label, "trustPolicies[0]");
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for expected in ["trustPolicies[0].name", "registryScopes[0]", "level", "trustStores[0]", "trustedIdentities[0]"] {
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected}: {problems:#?}");
    }
    assert_eq!(problems.len(), 5, "{problems:#?}");
}

#[test]
fn a_repeated_scope_is_found_in_statements_with_other_problems() {
    let mut flawed = with("registryScopes", json!(["r.example/b", "r.example/b", "r.example/c"]));
    flawed["name"] = json!("flawed");
    flawed["signatureVerification"] = json!({ "level": "strictt" });
    let other = with("registryScopes", json!(["r.example/c"]));
    let (drafts, problems) = TrustPolicyDocument::drafts(&document(&[flawed, other]));
    assert_eq!(drafts.len(), 2);
    let repeated = StatementError::RepeatedScope("r.example/b".to_owned());
    assert!(
        problems.iter().any(|problem| matches!(problem, PolicyError::Statement { source, .. } if *source == repeated))
    );
    let same: Vec<_> = problems.iter().filter(|problem| matches!(problem, PolicyError::SameScope { .. })).collect();
    assert!(matches!(&same[..], [PolicyError::SameScope { scope, .. }] if scope == "r.example/c"), "{same:?}");
    assert_eq!(problems.len(), 3, "{problems:#?}");
}
