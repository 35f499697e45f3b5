#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::os::unix::fs::PermissionsExt as _;

use aws_names::AccountId;
use uuid::Uuid;

use super::*;

pub(crate) fn location() -> Location {
    Location::new("us-west-2".parse().unwrap(), AccountId::EXAMPLE)
}

/// A code signing certificate and its key, in PEM.
pub(crate) fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> (String, String) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::CodeSigning];
    params.not_before = time::macros::datetime!(2020-01-01 00:00:00 UTC);
    params.not_after = time::macros::datetime!(2050-01-01 00:00:00 UTC);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn imported_certificates_are_found_by_their_arn() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("signer");
    let (certificate, key) = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
    let import = || {
        Certificates::import(
            &directory,
            &location(),
            certificate.as_bytes(),
            key.as_bytes(),
            Some(certificate.as_bytes()),
        )
    };
    let (first, second) = (import().unwrap(), import().unwrap());
    let certificates = Certificates::of(&directory);
    let listed = certificates.list().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|imported| imported.key_type == "ECDSA" && imported.not_after.starts_with("2050")));
    assert_eq!(certificates.get(&first).unwrap().unwrap().chain().len(), 1);
    let elsewhere = CertificateArn::new(Location::parse("aws", "us-east-1", "111122223333").unwrap(), *second.id());
    assert!(certificates.get(&elsewhere).unwrap().is_none(), "another region has not this certificate");
    let unknown = CertificateArn::new(location(), Uuid::nil());
    assert!(certificates.get(&unknown).unwrap().is_none());
    let file = directory.join(FOLDER).join(format!("{}.pem", first.id()));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(directory.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    // A local signer starts in this directory.
    crate::directory::Directory::open(&directory).unwrap();
    std::fs::write(&file, "damaged").unwrap();
    assert!(matches!(certificates.get(&first), Err(CertificatesError::Damaged(_))));
}

#[test]
fn nothing_is_written_of_a_wrong_certificate() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("signer");
    let (certificate, _) = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
    let (_, other) = self::certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
    let imported = Certificates::import(&directory, &location(), certificate.as_bytes(), other.as_bytes(), None);
    assert!(matches!(imported, Err(CertificatesError::Material(MaterialError::OtherKey))));
    assert!(!directory.exists());
    assert_eq!(Certificates::of(&directory).list().unwrap(), []);
}

#[test]
fn parses_only_the_usual_form_of_arns() {
    let text = "arn:aws:acm:us-west-2:111122223333:certificate/12345678-1234-1234-1234-123456789012";
    let arn: CertificateArn = text.parse().unwrap();
    assert_eq!(arn.to_string(), text);
    for wrong in [
        "",
        "arn:aws:acm:us-west-2:111122223333:certificate/",
        "arn:aws:acm:us-west-2:111122223333:certificate/12345678123412341234123456789012",
        "arn:aws:acm:us-west-2:1111:certificate/12345678-1234-1234-1234-123456789012",
        "arn:aws:iam:us-west-2:111122223333:certificate/12345678-1234-1234-1234-123456789012",
        "arn:aws:acm:us-west-2:111122223333:certificate/../ca/root-key",
    ] {
        assert!(wrong.parse::<CertificateArn>().is_err(), "{wrong}");
    }
}
