//! Malformed certificates.

use testing::certificate::{Extension, Spec, issue, specs};
use testing::der::{name, oid, sequence, tlv};
use testing::key::Kind;

use super::judge;
use crate::x509::{Certificate, CertificateError, ChainError, RequirementError};

/// The error of parsing the leaf after `change`.
fn refused(change: impl FnOnce(&mut Spec)) -> CertificateError {
    match judge(|specs| change(&mut specs[0])) {
        Err(ChainError::Certificate { position: 0, source }) => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn rejects_trailing_and_missing_bytes() {
    let der = issue(&specs()).swap_remove(0);
    assert!(Certificate::from_der(der.clone()).is_ok());
    for length in 0..der.len() {
        assert!(Certificate::from_der(der[..length].to_vec()).is_err(), "{length}");
    }
    for trailer in [vec![0], vec![0, 0], der.clone()] {
        assert!(matches!(Certificate::from_der([der.clone(), trailer].concat()), Err(CertificateError::Der(_))));
    }
    assert_eq!(Certificate::from_der(vec![0x30; 64 * 1024 + 1]), Err(CertificateError::TooLarge(64 * 1024 + 1)));
}

#[test]
fn rejects_non_minimal_lengths() {
    let der = issue(&specs()).swap_remove(0);
    assert_eq!(der[..2], [0x30, 0x82]);
    let longer = [&[0x30, 0x83, 0], &der[2..]].concat();
    assert!(matches!(Certificate::from_der(longer), Err(CertificateError::Der(_))));
    let indefinite = [&[0x30, 0x80], &der[4..], &[0, 0]].concat();
    assert!(matches!(Certificate::from_der(indefinite), Err(CertificateError::Der(_))));
}

#[test]
fn rejects_differing_signature_algorithms() {
    let (sha256, sha1) = (sequence(&[&oid("1.2.840.10045.4.3.2")]), sequence(&[&oid("1.2.840.10045.4.1")]));
    for algorithms in [[sha1.clone(), sha256.clone()], [sha256, sha1]] {
        assert_eq!(refused(|s| s.algorithms = Some(algorithms)), CertificateError::AlgorithmMismatch);
    }
}

#[test]
fn rejects_duplicate_extensions() {
    for oid in ["1.2.3.4.5", "2.5.29.15", "2.5.29.14"] {
        let extension = |value| Extension { oid, critical: true, value };
        let twice = [extension(vec![5, 0]), extension(vec![3, 2, 7, 0x80])];
        assert!(matches!(refused(|s| s.extensions = twice.to_vec()), CertificateError::DuplicateExtension(_)), "{oid}");
    }
}

#[test]
fn rejects_extensions_before_version_3() {
    for version in [None, Some(0), Some(1)] {
        let why = refused(|s| s.version = version);
        assert!(matches!(why, CertificateError::ExtensionsBeforeVersion3 | CertificateError::Der(_)), "{why:?}");
        let bare = judge(|specs| (specs[1].version, specs[1].extensions) = (version.filter(|v| *v > 0), Vec::new()));
        let Err(ChainError::Requirement { position: 1, source: RequirementError::NotAnAuthority, .. }) = bare else {
            panic!("{bare:?}")
        };
    }
    assert!(matches!(refused(|s| s.version = Some(3)), CertificateError::Der(_)));
}

#[test]
fn prints_names_without_control_characters() {
    let hostile = name(0x0c, "\u{1b}[2Jtrusted\u{202e}\r\n\u{9b}31m");
    let mut spec = Spec::leaf(Kind::P256);
    spec.subject = hostile.clone();
    spec.issuer = Some(hostile);
    let certificate = Certificate::from_der(spec.sign(&Spec::authority("ca", Kind::P256))).unwrap();
    for text in [certificate.subject(), certificate.issuer()] {
        assert!(text.contains("trusted"), "{text:?}");
        assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }
}

#[test]
fn rejects_or_prints_malformed_names() {
    for subject in [tlv(0x31, &[]), tlv(0x30, &[1]), name(0x0c, ""), name(0x1e, "odd")] {
        let mut spec = Spec::leaf(Kind::P256);
        spec.subject = subject;
        if let Ok(certificate) = Certificate::from_der(spec.sign(&Spec::authority("ca", Kind::P256))) {
            let _ = (certificate.subject(), certificate.issuer(), certificate.thumbprint());
        }
    }
}
