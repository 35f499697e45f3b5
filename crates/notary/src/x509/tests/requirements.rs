//! The requirements for each certificate: `signature-specification.md`, "Certificate Requirements".

use testing::certificate::{
    BASIC_CONSTRAINTS, DIGITAL_SIGNATURE, EXTENDED_KEY_USAGE, Extension, KEY_CERT_SIGN, KEY_USAGE, NOW, Spec,
    basic_constraints, extended_key_usage, issue, key_usage, specs,
};
use testing::der::{bits, oid, sequence, tlv};
use testing::key::{Key, Kind};
use time::{Duration, OffsetDateTime};

use super::judge;
use crate::x509::{CertificateChain, ChainError, RequirementError as E};

/// The requirement that the certificate at `position` does not meet after `change`.
fn requirement(position: usize, change: impl FnOnce(&mut Spec)) -> Result<(), E> {
    match judge(|specs| change(&mut specs[position])) {
        Ok(()) => Ok(()),
        Err(ChainError::Requirement { position: found, source, .. }) if found == position => Err(source),
        Err(other) => panic!("{other:?}"),
    }
}

fn validity(position: usize, change: impl FnOnce(&mut Spec)) -> Result<(), ChainError> {
    judge(|specs| change(&mut specs[position]))
}

#[test]
fn accepts_a_chain_of_four() {
    judge(|_| ()).unwrap();
}

#[test]
fn authority_needs_critical_basic_constraints() {
    for position in 1..4 {
        assert_eq!(requirement(position, |s| s.remove(BASIC_CONSTRAINTS)), Err(E::NotAnAuthority));
        assert_eq!(requirement(position, |s| s.set(basic_constraints(true, false, None))), Err(E::NotAnAuthority));
        assert_eq!(requirement(position, |s| s.set(basic_constraints(false, true, None))), Err(E::NotAnAuthority));
    }
}

#[test]
fn authority_needs_critical_key_cert_sign() {
    for position in 1..4 {
        assert_eq!(requirement(position, |s| s.remove(KEY_USAGE)), Err(E::KeyUsageNotCritical));
        let not_critical = |s: &mut Spec| s.set(key_usage(false, &[KEY_CERT_SIGN]));
        assert_eq!(requirement(position, not_critical), Err(E::KeyUsageNotCritical));
        assert_eq!(requirement(position, |s| s.set(key_usage(true, &[6]))), Err(E::NoCertSign));
        assert_eq!(requirement(position, |s| s.set(key_usage(true, &[]))), Err(E::NoCertSign));
    }
}

#[test]
fn path_length_counts_the_authorities_below() {
    for position in 1..4 {
        let below = position - 1;
        for allowed in 0..4 {
            let found = requirement(position, |s| s.set(basic_constraints(true, true, Some(allowed))));
            let expected =
                if usize::from(allowed) < below { Err(E::PathLength { allowed, found: below }) } else { Ok(()) };
            assert_eq!(found, expected, "position {position}, path length {allowed}");
        }
    }
}

#[test]
fn leaf_must_not_be_an_authority() {
    for critical in [true, false] {
        assert_eq!(requirement(0, |s| s.set(basic_constraints(critical, true, None))), Err(E::LeafIsAuthority));
        assert_eq!(requirement(0, |s| s.set(basic_constraints(critical, false, None))), Ok(()));
    }
}

#[test]
fn leaf_needs_critical_digital_signature() {
    assert_eq!(requirement(0, |s| s.remove(KEY_USAGE)), Err(E::KeyUsageNotCritical));
    assert_eq!(requirement(0, |s| s.set(key_usage(false, &[DIGITAL_SIGNATURE]))), Err(E::KeyUsageNotCritical));
    assert_eq!(requirement(0, |s| s.set(key_usage(true, &[1]))), Err(E::NoDigitalSignature));
    assert_eq!(requirement(0, |s| s.set(key_usage(true, &[]))), Err(E::NoDigitalSignature));
    assert_eq!(requirement(0, |s| s.set(key_usage(true, &[DIGITAL_SIGNATURE, 1]))), Ok(()));
}

#[test]
fn leaf_must_not_have_other_key_usages() {
    for (bit, name) in [
        (2, "keyEncipherment"),
        (3, "dataEncipherment"),
        (4, "keyAgreement"),
        (5, "keyCertSign"),
        (6, "cRLSign"),
        (7, "encipherOnly"),
        (8, "decipherOnly"),
    ] {
        let found = requirement(0, |s| s.set(key_usage(true, &[DIGITAL_SIGNATURE, bit])));
        assert_eq!(found, Err(E::ForbiddenKeyUsage(name)));
    }
}

#[test]
fn leaf_must_not_have_forbidden_extended_key_usages() {
    const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
    const LIFETIME_SIGNING: &str = "1.3.6.1.4.1.311.10.3.13";
    for critical in [true, false] {
        let purposes = |purposes: &[&str]| requirement(0, |s| s.set(extended_key_usage(critical, purposes)));
        assert_eq!(purposes(&[CODE_SIGNING]), Ok(()));
        assert_eq!(purposes(&[CODE_SIGNING, LIFETIME_SIGNING]), Ok(()));
        for (purpose, name) in [
            ("2.5.29.37.0", "anyExtendedKeyUsage"),
            ("1.3.6.1.5.5.7.3.1", "serverAuth"),
            ("1.3.6.1.5.5.7.3.2", "clientAuth"),
            ("1.3.6.1.5.5.7.3.4", "emailProtection"),
            ("1.3.6.1.5.5.7.3.8", "timeStamping"),
            ("1.3.6.1.5.5.7.3.9", "OCSPSigning"),
        ] {
            assert_eq!(purposes(&[CODE_SIGNING, purpose]), Err(E::ForbiddenExtendedKeyUsage(name)));
        }
    }
}

#[test]
fn ignores_other_extensions() {
    let name_constraints = sequence(&[&tlv(0xa0, &sequence(&[&tlv(0xa4, &testing::der::name(0x0c, "elsewhere"))]))]);
    for position in 0..4 {
        for critical in [true, false] {
            for (oid, value) in [
                ("2.5.29.30", name_constraints.clone()),
                ("2.5.29.32", b"no certificate policies".to_vec()),
                ("1.2.3.4.5", vec![0xff; 3]),
                ("2.5.29.35", Vec::new()),
            ] {
                let found = requirement(position, |s| s.extensions.push(Extension { oid, critical, value }));
                assert_eq!(found, Ok(()), "{oid} at {position}");
            }
        }
        if position > 0 {
            let purposes = extended_key_usage(true, &["1.3.6.1.5.5.7.3.8"]);
            assert_eq!(requirement(position, |s| s.set(purposes)), Ok(()));
        }
    }
}

#[test]
fn rejects_malformed_extensions() {
    for position in 0..4 {
        for oid in [KEY_USAGE, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE] {
            if position > 0 && oid == EXTENDED_KEY_USAGE {
                continue;
            }
            for value in [vec![], vec![0xff], vec![3, 2, 9, 0x80], tlv(0x30, &[2, 2, 1, 0])] {
                let found = requirement(position, |s| s.set(Extension { oid, critical: true, value }));
                assert!(matches!(found, Err(E::Malformed(_))), "{oid} at {position}: {found:?}");
            }
        }
    }
}

#[test]
fn rejects_short_and_unsupported_keys() {
    let rsa = |bits: usize| {
        let modulus = [vec![0; 1], vec![0xff; bits / 8]].concat();
        rsa_spki(&modulus)
    };
    let ec = |curve, length| {
        let algorithm = sequence(&[&oid("1.2.840.10045.2.1"), &oid(curve)]);
        sequence(&[&algorithm, &bits(&[&[4][..], &vec![1; length]].concat())])
    };
    for (spki, expected) in [
        (rsa(1024), E::ShortKey),
        (rsa(2040), E::ShortKey),
        (rsa_spki(&[&[0x7f][..], &[0xff; 255]].concat()), E::ShortKey),
        (ec("1.3.132.0.33", 56), E::UnsupportedKey),
        (ec("1.3.132.0.10", 64), E::UnsupportedKey),
        (Key::new(Kind::Ed25519).spki(), E::UnsupportedKey),
    ] {
        for position in 0..4 {
            let found = requirement(position, |s| s.spki = Some(spki.clone()));
            assert_eq!(found, Err(expected.clone()), "position {position}");
        }
    }
}

fn rsa_spki(modulus: &[u8]) -> Vec<u8> {
    let key = sequence(&[&tlv(2, modulus), &[2, 3, 1, 0, 1]]);
    sequence(&[&sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]), &bits(&key)])
}

#[test]
fn rejects_compressed_points() {
    for kind in [Kind::P256, Kind::P384, Kind::P521] {
        let key = Key::new(kind);
        let spki = key.spki();
        let point = key.public();
        let algorithm_end = spki.len() - point.len();
        let x = &point[1..=(point.len() - 1) / 2];
        let sign = 2 + (point[point.len() - 1] & 1);
        for wrong in [[&[sign], x].concat(), [&[4 + sign], &point[1..]].concat(), x.to_vec(), vec![0], vec![]] {
            // The algorithm, without the headers of the outer sequence and of the bit string.
            let header = if spki[1] < 0x80 { 2 } else { 3 };
            let length = usize::from(spki[header + 1]) + 2;
            assert!(header + length < algorithm_end);
            let changed = sequence(&[&spki[header..header + length], &bits(&wrong)]);
            let found = requirement(0, |s| s.spki = Some(changed));
            assert_eq!(found, Err(E::UnsupportedKey), "{kind:?} {:?}", wrong.first());
        }
    }
}

#[test]
fn validity_includes_both_ends() {
    for position in 0..4 {
        assert_eq!(validity(position, |s| s.not_after = NOW), Ok(()));
        assert_eq!(validity(position, |s| s.not_before = NOW), Ok(()));
        let expired = validity(position, |s| s.not_after = NOW - Duration::SECOND);
        assert!(matches!(expired, Err(ChainError::NotValidAt { position: p, .. }) if p == position), "{expired:?}");
        let not_yet = validity(position, |s| s.not_before = NOW + Duration::SECOND);
        assert!(matches!(not_yet, Err(ChainError::NotValidAt { position: p, .. }) if p == position), "{not_yet:?}");
    }
}

#[test]
fn rejects_a_time_a_nanosecond_after_the_end() {
    let mut specs = specs();
    specs[0].not_after = NOW;
    let chain = CertificateChain::from_der(issue(&specs)).unwrap();
    assert_eq!(chain.clone().check_code_signing(NOW).map(drop), Ok(()));
    assert_eq!(chain.clone().check_code_signing(NOW - Duration::NANOSECOND).map(drop), Ok(()));
    let late = chain.clone().check_code_signing(NOW + Duration::NANOSECOND).map(drop);
    assert!(matches!(late, Err(ChainError::NotValidAt { position: 0, .. })), "{late:?}");
}

#[test]
fn requirements_and_validity_are_independent() {
    let mut specs = specs();
    specs[1].not_after = NOW - Duration::SECOND;
    let expired = CertificateChain::from_der(issue(&specs)).unwrap();
    assert_eq!(expired.clone().check_requirements().map(drop), Ok(()));
    assert_eq!(expired.check_validity(NOW), expired.clone().check_code_signing(NOW).map(drop));
    assert!(expired.check_validity(NOW).is_err());
    specs[1].remove(BASIC_CONSTRAINTS);
    specs[1].not_after = NOW;
    let broken = CertificateChain::from_der(issue(&specs)).unwrap();
    assert_eq!(broken.check_validity(NOW), Ok(()));
    assert_eq!(broken.clone().check_requirements().map(drop), broken.clone().check_code_signing(NOW).map(drop));
    assert!(matches!(broken.clone().check_requirements().map(drop), Err(ChainError::Requirement { position: 1, .. })));
}

#[test]
fn validity_periods_need_not_nest() {
    let far = |year| OffsetDateTime::from_unix_timestamp(0).unwrap().replace_year(year).unwrap();
    assert_eq!(validity(0, |s| (s.not_before, s.not_after) = (far(1971), far(9999))), Ok(()));
    assert_eq!(validity(2, |s| (s.not_before, s.not_after) = (NOW, NOW)), Ok(()));
}

#[test]
fn checks_a_lone_self_signed_certificate_as_a_leaf() {
    let alone = |change: &dyn Fn(&mut Spec)| {
        judge(|specs| {
            specs.truncate(1);
            change(&mut specs[0]);
        })
    };
    assert_eq!(alone(&|_| ()), Ok(()));
    let refused = alone(&|s| s.set(basic_constraints(true, true, None)));
    assert!(matches!(refused, Err(ChainError::Requirement { source: E::LeafIsAuthority, .. })), "{refused:?}");
    let refused = alone(&|s| s.set(key_usage(true, &[KEY_CERT_SIGN])));
    assert!(matches!(refused, Err(ChainError::Requirement { source: E::NoDigitalSignature, .. })), "{refused:?}");
}
