#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use aws_signer::aws_signer_roots;

use super::{ConvertError, Converted, Objects, convert};
use crate::config::{Config, Trust};
use crate::decision::load_policies;

const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/release";

fn pem(der: &[u8]) -> String {
    testing::pem("CERTIFICATE", der)
}

/// A TrustStore object.
fn store(name: &str, kind: &str, pem: &str) -> String {
    let bundle: String = pem.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "---\napiVersion: notation.nirmata.io/v1alpha1\nkind: TrustStore\nmetadata: {{name: {name}}}\nspec:\n  \
         trustStoreName: {name}\n  type: {kind}\n  caBundle: |-\n{bundle}"
    )
}

/// A TrustPolicy object with one statement.
fn policy(name: &str, level: &str, stores: &str, identity: &str) -> String {
    format!(
        "---\napiVersion: notation.nirmata.io/v1alpha1\nkind: TrustPolicy\nmetadata: {{name: {name}}}\nspec:\n  \
         version: '1.0'\n  trustPolicyName: {name}\n  trustPolicies:\n  - name: s\n    registryScopes: [\"*\"]\n    \
         signatureVerification: {{level: {level}, override: {{}}}}\n    trustStores: [{stores}]\n    \
         trustedIdentities: [\"{identity}\"]\n"
    )
}

fn own_root(name: &str) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.self_signed(&key).unwrap().pem()
}

fn converted(text: &str) -> Result<Converted, ConvertError> {
    let mut objects = Objects::default();
    objects.add(text.as_bytes())?;
    convert(&objects)
}

/// The configuration in a folder with its files, loaded with them.
fn loaded(converted: &Converted) -> Config {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in &converted.files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let config = Config::parse(converted.config.as_bytes(), folder.path()).unwrap();
    if !converted.files.iter().any(|(path, _)| path.starts_with("notation")) {
        load_policies(&config.policies).unwrap();
    }
    config
}

#[test]
fn a_policy_for_signing_profiles_needs_no_files() {
    let root = pem(aws_signer_roots()[0].certificate().der());
    let text = store("aws-signer-ts", "signingAuthority", &root)
        + &policy("tp-shop", "strict", "signingAuthority:aws-signer-ts", PROFILE);
    let converted = converted(&text).unwrap();
    assert_eq!((converted.files.len(), converted.notes.len()), (0, 0), "{converted:?}");
    let config = loaded(&converted);
    let Trust::Profiles { profiles, roots } = &config.policies["tp-shop"].trust else { panic!("{config:?}") };
    assert_eq!((profiles[0].to_string().as_str(), roots.len()), (PROFILE, 0));
}

#[test]
fn other_roots_and_other_statements_are_kept_in_files() {
    let own = own_root("own");
    let stores = store("own", "signingAuthority", &own) + &store("ca", "ca", &own) + &store("unused", "ca", &own);
    let text = stores.clone() + &policy("a", "strict", "signingAuthority:own", PROFILE);
    let of_profiles = converted(&text).unwrap();
    assert_eq!(of_profiles.files, [("roots/signingAuthority-own.pem".into(), own.trim_end().as_bytes().to_vec())]);
    assert_eq!(of_profiles.notes.len(), 2, "{:?}", of_profiles.notes);
    loaded(&of_profiles);

    let subject = "x509.subject: C=US, ST=WA, O=Example";
    let text = stores.clone()
        + &policy("b", "strict", "ca:ca", subject)
        + &policy("c", "audit", "signingAuthority:own", PROFILE);
    let of_documents = converted(&text).unwrap();
    let config = loaded(&of_documents);
    for name in ["b", "c"] {
        assert!(matches!(&config.policies[name].trust, Trust::Document { roots, .. } if roots.len() == 1));
    }
    assert!(of_documents.files.iter().any(|(path, _)| path == Path::new("trustpolicies/c.json")));
    assert!(of_documents.notes.iter().any(|note| note.contains("add a rule for the namespaces")));

    // Roots of the configuration would be trusted in both statements.
    let other = store("other", "ca", &own_root("other"));
    let two = policy("d", "strict", "ca:ca, ca:other", subject);
    let split = converted(&(stores + &other + &two)).unwrap();
    assert!(split.files.iter().any(|(path, _)| path == Path::new("notation/truststore/x509/ca/other/other.pem")));
    assert!(split.notes.iter().any(|note| note.contains("XDG_CONFIG_HOME")), "{:?}", split.notes);
    assert!(matches!(&loaded(&split).policies["d"].trust, Trust::Document { roots, .. } if roots.is_empty()));
}

#[test]
fn objects_that_cannot_be_converted_are_named() {
    let own = own_root("own");
    let good_store = store("own", "signingAuthority", &own);
    let good = policy("a", "strict", "signingAuthority:own", PROFILE);
    for (text, expected) in [
        ("a: [".to_owned(), "not valid YAML"),
        ("apiVersion: v1\nkind: Pod\n".to_owned(), "no TrustPolicy"),
        (good.clone(), "the TrustStore \"signingAuthority:own\" is not in the files"),
        (good_store.clone() + &good + &good, "there are two with this name"),
        (good_store.clone() + &good_store + &good, "there are two with this name"),
        (good_store.clone() + &good.replace("level: strict", "level: lax"), "TrustPolicy \"a\": "),
        (good_store.clone() + &good.replace("version: '1.0'", "version: '2.0'"), "spec.version"),
        (
            good_store.clone() + &good.replace(": s\n", ": s\n    unless: x\n"),
            "spec.trustPolicies[0].unless is not known",
        ),
        (
            good_store.clone() + &good.replace("spec:\n", "spec:\n  only: x\n"),
            "TrustPolicy \"a\": spec.only is not known",
        ),
        (
            good_store.replace("spec:\n", "spec:\n  notAfter: x\n") + &good,
            "TrustStore \"own\": spec.notAfter is not known",
        ),
        (good_store.clone() + "---\n" + &good.replace("spec:", "other:"), "spec is missing, or not an object"),
        (good_store.clone() + &good.replace("override: {}", "override: []"), "override is not an object"),
        (good_store.clone() + &good.replace("us-west-2", "${REGION}"), "TrustPolicy \"a\": "),
        (good_store.clone() + &good.replace("Name: a", "Name: ../a"), "cannot be that of a policy"),
        (good_store.replace("own\n", "../own\n") + &good, "is not a trust store"),
        (store("own", "signingAuthority", "no certificate") + &good, "TrustStore \"signingAuthority:own\""),
    ] {
        let why = converted(&text).unwrap_err().to_string();
        assert!(why.contains(expected), "{why}\n{text}");
    }
}
