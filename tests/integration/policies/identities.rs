//! Trusted identities: matching the subject of a signing certificate.

use std::fs;

use notary::trust::{DistinguishedName, Subject};
use notation::trust_store::read_certificates;
use rcgen::{CertificateParams, DnType, DnValue, IsCa, KeyPair, KeyUsagePurpose};
use serde_json::json;

use super::Expected::{self, Accepted, OnlyWeAccept, Refused};
use super::World;

const PARTIAL: &str =
    "\"MUST support a full and partial list of all the attribute types present in subject DN of x509 certificate\"";

/// Signs with a certificate of this subject and compares which identities match it.
fn compare(attributes: &[(DnType, &str)], cases: &[(&str, Expected)]) {
    let peers = crate::support::peers();
    let world = World::new(&peers);
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in attributes {
        params.distinguished_name.push(kind.clone(), DnValue::Utf8String((*value).to_owned()));
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.not_after = time::OffsetDateTime::now_utc() + time::Duration::days(1);
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let config = world.config();
    fs::write(config.join("localkeys/signer.key"), key.serialize_pem()).unwrap();
    fs::write(config.join("localkeys/signer.crt"), &certificate).unwrap();
    let stored = config.join("truststore/x509/ca/signer/signer.crt");
    fs::write(&stored, &certificate).unwrap();
    world.sign();

    let subject = Subject::from_certificate(&read_certificates(&stored).unwrap()[0]);
    let mut wrong = Vec::new();
    for (identity, expected) in cases {
        let policy = json!({
            "name": "a", "registryScopes": ["local/a"], "signatureVerification": { "level": "strict" },
            "trustStores": ["ca:signer"], "trustedIdentities": [format!("x509.subject: {identity}")],
        });
        let document = json!({ "version": "1.0", "trustPolicies": [policy] }).to_string();
        world.import(document.as_bytes()).unwrap();
        let name: DistinguishedName = identity.parse().unwrap();
        let ours = match &subject {
            Ok(subject) if subject.matches(&name) => Ok(()),
            other => Err(format!("{other:?}")),
        };
        expected.check(&mut wrong, identity, ours, super::outcome(&world.verify("local/a")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn matches_subjects_like_notation() {
    let subject = [
        (DnType::CountryName, "US"),
        (DnType::StateOrProvinceName, "WA"),
        (DnType::LocalityName, " Seattle "),
        (DnType::OrganizationName, "Acme, Inc.; \"a+b\" <c> \\"),
        (DnType::OrganizationalUnitName, "Größe=1"),
        (DnType::CommonName, "x"),
        (DnType::CustomDnType(vec![2, 5, 4, 5]), "0123"),
        (DnType::CustomDnType(vec![2, 5, 4, 9]), "1 Main Street"),
        (DnType::CustomDnType(vec![2, 5, 4, 17]), "98101"),
    ];
    const ORGANIZATION: &str = r#"C=US, ST=WA, O=Acme\, Inc.\; \"a\+b\" \<c\> \\"#;
    let with = |more: &str| format!("{ORGANIZATION}{more}");
    let cases = [
        (with(""), Accepted),
        (r#"O=Acme\, Inc.\; "a\+b" <c> \\,C=US,S=WA"#.to_owned(), Accepted),
        (r"C=US, ST=WA, O=Acme\2c Inc.\3b \22a\2bb\22 \3cc\3e \5c".to_owned(), Accepted),
        (r"C=US, ST=WA, O=Acme\, Inc.".to_owned(), Refused),
        (with(r", L=\ Seattle\ "), Accepted),
        (with(", L=Seattle"), Refused),
        (with(", OU=Größe=1"), Accepted),
        (with(r", OU=Gr\C3\B6\C3\9Fe\=1"), Accepted),
        (with(", OU=größe=1"), Refused),
        (with(", CN=x, SERIALNUMBER=0123, STREET=1 Main Street, POSTALCODE=98101"), Accepted),
        (with(", CN=X"), Refused),
        (with(", SERIALNUMBER=123"), Refused),
        (ORGANIZATION.replace("US", "us"), Refused),
        (ORGANIZATION.replace("ST=WA", "ST=OR"), Refused),
    ];
    compare(&subject, &cases.each_ref().map(|(identity, expected)| (identity.as_str(), *expected)));
}

#[test]
fn matches_subjects_with_additional_attributes() {
    let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
    let names = [(DnType::CountryName, "US"), (DnType::StateOrProvinceName, "WA"), (DnType::OrganizationName, "x")];
    let subject = [names.as_slice(), &[(email, "a@example.com")]].concat();
    compare(&subject, &[("C=US, ST=WA, O=x", OnlyWeAccept(PARTIAL)), ("C=US, ST=WA, O=y", Refused)]);
}

#[test]
fn rejects_subjects_with_duplicate_or_missing_attributes() {
    let unit = DnType::CustomDnType(vec![2, 5, 4, 11]);
    let names = [(DnType::CountryName, "US"), (DnType::StateOrProvinceName, "WA"), (DnType::OrganizationName, "x")];
    let twice = [names.as_slice(), &[(DnType::OrganizationalUnitName, "a"), (unit, "b")]].concat();
    compare(&twice, &[("C=US, ST=WA, O=x", Refused), ("C=US, ST=WA, O=x, OU=a", Refused)]);
    compare(&names[..2], &[("C=US, ST=WA, O=x", Refused)]);
}
