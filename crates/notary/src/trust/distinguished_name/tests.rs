#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use rcgen::{CertificateParams, CustomExtension, DnType, DnValue, KeyPair};

use super::*;
use crate::x509::Certificate;

fn name(text: &str) -> DistinguishedName {
    text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn certificate(attributes: &[(DnType, DnValue)]) -> Certificate {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in attributes {
        params.distinguished_name.push(kind.clone(), value.clone());
    }
    // rcgen issues version 1 without an extension.
    params.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0])];
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    Certificate::from_der(params.self_signed(&key).unwrap().der().to_vec()).unwrap()
}

fn text(value: &str) -> DnValue {
    DnValue::Utf8String(value.to_owned())
}

#[test]
fn ignores_order_and_surrounding_spaces() {
    let expected = name("C=US,ST=WA,O=wabbit-networks.io");
    for same in [
        " C=US, ST=WA, O=wabbit-networks.io ",
        "O=wabbit-networks.io,ST=WA,C=US",
        "C = US , S= WA ,O =wabbit-networks.io",
        r"C=U\53,ST=\57\41,O=wabbit\2dnetworks.io",
    ] {
        assert_eq!(name(same), expected, "{same}");
    }
}

#[test]
fn resolves_escapes() {
    for (written, value) in [
        (r"Acme\, Inc.", "Acme, Inc."),
        (r"a\;b", "a;b"),
        (r"a\\", r"a\"),
        (r"a\\b", r"a\b"),
        (r"\ a\ ", " a "),
        (r"a\  ", "a "),
        (r"a  b", "a  b"),
        (r"\#1", "#1"),
        (r"a\+b", "a+b"),
        (r#"\"quoted\""#, "\"quoted\""),
        (r#"say "hi""#, "say \"hi\""),
        ("a=b", "a=b"),
        (r"a\=b", "a=b"),
        ("<tag>", "<tag>"),
        (r"M\C3\BCller", "Müller"),
        ("Müller", "Müller"),
        (r"\00", "\0"),
    ] {
        let name = name(&format!("C=US,ST=WA,O={written}"));
        assert_eq!(name.value(AttributeType::Organization), Some(value), "{written}");
    }
}

#[test]
fn rejects_malformed_names() {
    use DistinguishedNameError as E;
    let organization = AttributeType::Organization;
    for (text, expected) in [
        ("", E::NotAnAttribute { found: String::new() }),
        ("C=US,ST=WA", E::Required(organization)),
        ("C=US,O=x", E::Required(AttributeType::StateOrProvince)),
        ("ST=WA,O=x", E::Required(AttributeType::Country)),
        ("C=US,ST=WA,O=x,", E::NotAnAttribute { found: String::new() }),
        ("C=US,,ST=WA,O=x", E::NotAnAttribute { found: String::new() }),
        ("C=US,ST=WA,O=Acme, Inc.", E::NotAnAttribute { found: " Inc.".to_owned() }),
        ("C=US,ST=WA,O=", E::EmptyValue(organization)),
        ("C=US,ST=WA,O=  ", E::EmptyValue(organization)),
        ("C=US,ST=WA,S=WA,O=x", E::Repeated(AttributeType::StateOrProvince)),
        ("C=US,ST=WA,O=x,O=x", E::Repeated(organization)),
        ("C=US,ST=WA,O=x+OU=y", E::MultiValued),
        ("C=US;ST=WA;O=x", E::Semicolon),
        ("C=US,ST=WA,O=#0C0178", E::HexadecimalValue),
        ("C=US,ST=WA,O= #0C0178", E::HexadecimalValue),
        ("C=US,ST=WA,O=x,CN=a=#b", E::HexadecimalValue),
        ("C=US,ST=WA,O=\"Acme\"", E::Quoted(organization)),
        (r"C=US,ST=WA,O=a\", E::Escape { found: r"a\".to_owned() }),
        (r"C=US,ST=WA,O=a\x", E::Escape { found: r"a\x".to_owned() }),
        (r"C=US,ST=WA,O=a\4", E::Escape { found: r"a\4".to_owned() }),
        (r"C=US,ST=WA,O=a\C3", E::NotUtf8 { found: r"a\C3".to_owned() }),
        ("C=US,ST=WA,O=x,DC=example", E::UnsupportedType { found: "DC".to_owned() }),
        ("C=US,ST=WA,O=x,2.5.4.3=y", E::UnsupportedType { found: "2.5.4.3".to_owned() }),
        ("c=US,ST=WA,O=x", E::LowerCaseType { found: "c".to_owned(), written: AttributeType::Country }),
        ("C=US,ST=WA,O=x,cn=y", E::LowerCaseType { found: "cn".to_owned(), written: AttributeType::CommonName }),
    ] {
        assert_eq!(text.parse::<DistinguishedName>(), Err(expected), "{text}");
    }
}

#[test]
fn names_overlap_if_one_certificate_could_match_both() {
    let base = name("C=US,ST=WA,O=x");
    for (other, expected) in [
        ("C=US,ST=WA,O=x", true),
        ("C=US,ST=WA,O=x,OU=a", true),
        ("C=US,ST=WA,O=y", false),
        ("C=US,ST=OR,O=x,OU=a", false),
    ] {
        assert_eq!(base.overlaps(&name(other)), expected, "{other}");
        assert_eq!(name(other).overlaps(&base), expected, "{other}");
    }
    assert!(name("C=US,ST=WA,O=x,OU=a").overlaps(&name("C=US,ST=WA,O=x,CN=b")));
    assert!(!name("C=US,ST=WA,O=x,OU=a").overlaps(&name("C=US,ST=WA,O=x,OU=b,CN=b")));
}

#[test]
fn identity_matches_a_subject_with_all_its_attributes() {
    let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
    let subject = Subject::from_certificate(&certificate(&[
        (DnType::CountryName, DnValue::PrintableString("US".try_into().unwrap())),
        (DnType::StateOrProvinceName, text("WA")),
        (DnType::OrganizationName, text("Acme, Inc.")),
        (DnType::CommonName, DnValue::BmpString("Müller".try_into().unwrap())),
        (email, DnValue::Ia5String("a@example.com".try_into().unwrap())),
    ]))
    .unwrap();
    for (identity, expected) in [
        (r"C=US, ST=WA, O=Acme\, Inc.", true),
        (r"CN=Müller, O=Acme\, Inc., S=WA, C=US", true),
        (r"C=US, ST=WA, O=Acme\, Inc., OU=Finance", false),
        (r"C=US, ST=WA, O=Acme\, Inc", false),
        (r"C=US, ST=WA, O=acme\, inc.", false),
        (r"C=US, ST=WA, O=Acme\, Inc.\ ", false),
        (r"C=US, ST=wa, O=Acme\, Inc.", false),
        (r"C=US, ST=WA, O=Acme\, Inc., CN=Muller", false),
    ] {
        assert_eq!(subject.matches(&name(identity)), expected, "{identity}");
    }
}

#[test]
fn rejects_a_subject_with_a_duplicate_attribute() {
    let unit = [2, 5, 4, 11].to_vec();
    // rcgen keeps one value per built-in type.
    let twice = certificate(&[(DnType::OrganizationalUnitName, text("a")), (DnType::CustomDnType(unit), text("b"))]);
    let kind = AttributeType::OrganizationalUnit;
    assert!(
        matches!(Subject::from_certificate(&twice), Err(SubjectError::Repeated { kind: found, .. }) if found == kind)
    );
}

#[test]
fn rejects_a_subject_with_ambiguous_text() {
    let teletex = certificate(&[(DnType::OrganizationName, DnValue::TeletexString("x".try_into().unwrap()))]);
    assert!(Subject::from_certificate(&teletex).is_ok());
    let mut der = teletex.der().to_vec();
    // In issuer and subject.
    while let Some(place) = der.windows(3).position(|w| w == [0x14, 1, b'x']) {
        der[place + 2] = 0xfc;
    }
    let changed = Certificate::from_der(der).unwrap();
    assert!(matches!(Subject::from_certificate(&changed), Err(SubjectError::NotText { .. })));
}

proptest! {
    #[test]
    fn printed_names_round_trip(
        values in proptest::collection::vec("[ -~äß\u{0}\n\u{7f}€😀]{1,12}|[ ,;+#=\\\\\"<>]{1,6}", 9),
        chosen in proptest::collection::vec(any::<bool>(), 9),
    ) {
        let mut attributes = BTreeMap::new();
        for (((kind, _, _), value), chosen) in TYPES.iter().zip(values).zip(chosen) {
            if chosen || REQUIRED.contains(kind) {
                attributes.insert(*kind, value);
            }
        }
        let name = DistinguishedName(attributes);
        prop_assert_eq!(name.to_string().parse::<DistinguishedName>(), Ok(name));
    }

    #[test]
    fn parser_never_panics(text in "[CSTO=,+;#\\\\\" a0-9]{0,40}") {
        let _ = text.parse::<DistinguishedName>();
    }
}
