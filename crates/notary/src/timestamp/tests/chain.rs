//! The chain of the authority: `signature-specification.md`, "Certificate Requirements", for timestamping.

use testing::certificate::{
    DIGITAL_SIGNATURE, EXTENDED_KEY_USAGE, KEY_CERT_SIGN, KEY_USAGE, NOW, Spec, TIME_STAMPING, basic_constraints,
    extended_key_usage, key_usage,
};
use testing::der::{name, oid, sequence};
use testing::key::Kind;
use testing::timestamp::Tsa;
use time::Duration;

use super::super::{TimestampError as E, TimestampToken};
use super::{MESSAGE, certificate, verify};
use crate::ReasonCode;
use crate::x509::{ChainError, RequirementError as R};

type Change = fn(&mut Vec<Spec>);

#[test]
fn the_certificates_of_an_authority_have_to_meet_the_requirements() {
    let cases: [(usize, R, Change); 16] = [
        (0, R::NotForTimestamping, |s| s[0].remove(EXTENDED_KEY_USAGE)),
        (0, R::NotForTimestamping, |s| s[0].set(extended_key_usage(false, &[TIME_STAMPING]))),
        (0, R::NotForTimestamping, |s| s[0].set(extended_key_usage(true, &[TIME_STAMPING, "1.3.6.1.5.5.7.3.3"]))),
        (0, R::NotForTimestamping, |s| s[0].set(extended_key_usage(true, &[TIME_STAMPING, TIME_STAMPING]))),
        (0, R::NotForTimestamping, |s| s[0].set(extended_key_usage(true, &["1.3.6.1.5.5.7.3.3"]))),
        (0, R::NotForTimestamping, |s| s[0].set(extended_key_usage(true, &["2.5.29.37.0"]))),
        (0, R::NoKeyUsage, |s| s[0].remove(KEY_USAGE)),
        (0, R::NoDigitalSignature, |s| s[0].set(key_usage(true, &[1]))),
        (0, R::ForbiddenKeyUsage("keyCertSign"), |s| {
            s[0].set(key_usage(true, &[DIGITAL_SIGNATURE, KEY_CERT_SIGN]));
        }),
        (0, R::LeafIsAuthority, |s| s[0].set(basic_constraints(true, true, None))),
        (1, R::NotAnAuthority, |s| s[1].set(basic_constraints(false, true, None))),
        (1, R::NoCertSign, |s| s[1].set(key_usage(true, &[DIGITAL_SIGNATURE]))),
        (1, R::NoKeyUsage, |s| s[1].remove(KEY_USAGE)),
        (1, R::AuthorityNotForTimestamping, |s| s[1].set(extended_key_usage(false, &["1.3.6.1.5.5.7.3.3"]))),
        (2, R::AuthorityNotForTimestamping, |s| s[2].set(extended_key_usage(true, &["1.3.6.1.5.5.7.3.1"]))),
        (2, R::PathLength { allowed: 0, found: 1 }, |s| s[2].set(basic_constraints(true, true, Some(0)))),
    ];
    for (position, expected, change) in cases {
        let tsa = Tsa::with(Kind::P256, change);
        let why = verify(&tsa.token(MESSAGE), &tsa).unwrap_err();
        let E::Chain(ChainError::Requirement { position: found, source, .. }) = &why else { panic!("{why}") };
        assert_eq!((*found, source), (position, &expected), "{why}");
        assert_eq!(why.code(), ReasonCode::Timestamp);
    }
}

/// The root is trusted, so that the reason is not a missing root.
#[test]
fn a_certificate_with_an_unsupported_algorithm_is_named() {
    for position in [0, 1] {
        let tsa = Tsa::with(Kind::P256, |specs| {
            let sha1 = sequence(&[&oid("1.2.840.10045.4.1")]);
            specs[position].algorithms = Some([sha1.clone(), sha1]);
        });
        let why = verify(&tsa.token(MESSAGE), &tsa).unwrap_err();
        let E::Chain(ChainError::Algorithm { position: found, algorithm, .. }) = &why else { panic!("{why}") };
        assert_eq!((*found, algorithm.to_string().as_str()), (position, "1.2.840.10045.4.1"));
        assert_eq!(why.code(), ReasonCode::Timestamp);
    }
}

/// keyUsage "MUST be present and SHOULD be marked critical".
#[test]
fn the_key_usage_need_not_be_critical() {
    let tsa = Tsa::with(Kind::P256, |specs| {
        specs[0].set(key_usage(false, &[DIGITAL_SIGNATURE]));
        specs[1].set(key_usage(false, &[KEY_CERT_SIGN]));
    });
    assert!(verify(&tsa.token(MESSAGE), &tsa).is_ok());
}

#[test]
fn a_chain_to_an_unknown_root_is_not_trusted() {
    let tsa = Tsa::new(Kind::P256);
    let other = Tsa::new(Kind::P256);
    for roots in [vec![], vec![certificate(other.root())], vec![certificate(&tsa.chain[0])]] {
        let why = TimestampToken::parse(&tsa.token(MESSAGE)).unwrap().verify(MESSAGE, &roots).unwrap_err();
        assert!(matches!(why, E::UntrustedChain { .. }), "{why}");
        assert_eq!(why.code(), ReasonCode::Untrusted);
    }
    // The intermediate is trusted, but is no root.
    let roots = [certificate(&tsa.chain[1])];
    let why = TimestampToken::parse(&tsa.token(MESSAGE)).unwrap().verify(MESSAGE, &roots).unwrap_err();
    assert!(matches!(why, E::Chain(ChainError::NoRoot { .. })), "{why}");
}

#[test]
fn the_certificates_of_a_token_may_be_in_any_order_and_lack_the_root() {
    let tsa = Tsa::new(Kind::P256);
    let [leaf, issuing, root] = [0, 1, 2].map(|i| tsa.chain[i].clone());
    let unrelated = Tsa::new(Kind::P256).chain;
    for certificates in [
        vec![leaf.clone(), issuing.clone()],
        vec![root.clone(), issuing.clone(), leaf.clone()],
        [unrelated, vec![issuing, leaf.clone()]].concat(),
    ] {
        let mut draft = tsa.draft(MESSAGE);
        draft.certificates = certificates;
        assert_eq!(verify(&tsa.sign(&draft), &tsa).unwrap().chain().certificates().len(), 3);
    }
    let mut draft = tsa.draft(MESSAGE);
    draft.certificates = vec![leaf, root];
    assert!(matches!(verify(&tsa.sign(&draft), &tsa), Err(E::UntrustedChain { .. })));
}

#[test]
fn every_certificate_of_the_chain_must_be_valid_at_the_time() {
    for position in 0..3 {
        for change in [(|spec: &mut Spec| spec.not_after = NOW - Duration::SECOND) as fn(&mut Spec), |spec| {
            spec.not_before = NOW + Duration::SECOND
        }] {
            let tsa = Tsa::with(Kind::P256, |specs| change(&mut specs[position]));
            let why = verify(&tsa.token(MESSAGE), &tsa).unwrap_err();
            let is_expected = matches!(&why, E::Chain(ChainError::NotValidAt { position: p, .. }) if *p == position);
            assert!(is_expected, "{position}: {why}");
            assert_eq!(why.code(), ReasonCode::Timestamp);
        }
    }
}

#[test]
fn another_chain_is_looked_for_if_the_first_is_not_acceptable() {
    let mut tsa = Tsa::new(Kind::P256);
    // A second certificate of the intermediate's key, which has expired.
    let not_after = tsa.specs[1].not_after;
    tsa.specs[1].not_after = NOW - Duration::days(1);
    let expired = tsa.specs[1].sign(&tsa.specs[2]);
    tsa.specs[1].not_after = not_after;
    let mut draft = tsa.draft(MESSAGE);
    draft.certificates.insert(1, expired.clone());
    assert!(verify(&tsa.sign(&draft), &tsa).is_ok());
    draft.certificates = vec![tsa.chain[0].clone(), expired];
    assert!(matches!(verify(&tsa.sign(&draft), &tsa), Err(E::Chain(ChainError::NotValidAt { position: 1, .. }))));
}

/// Certificates that issue each other in a circle would make endless paths.
#[test]
fn the_work_of_looking_for_a_chain_is_bounded() {
    let mut circle: Vec<Spec> = (0..14).map(|_| Spec::authority("circle", Kind::P256)).collect();
    let key = || Spec::authority("circle", Kind::P256);
    let tsa = Tsa::with(Kind::P256, |specs| {
        *specs = vec![specs.remove(0), key()];
    });
    // All have the key and the name of the first, so each has issued each.
    for (number, spec) in circle.iter_mut().enumerate() {
        spec.spki = Some(tsa.specs[1].key.spki());
        spec.not_after = NOW + Duration::days(5 + number as i64);
    }
    let circle = circle.iter().map(|spec| spec.sign(&tsa.specs[1]));
    let mut draft = tsa.draft(MESSAGE);
    draft.certificates = [tsa.chain[0].clone()].into_iter().chain(circle).collect();
    let token = TimestampToken::parse(&tsa.sign(&draft)).unwrap();
    let other = Tsa::new(Kind::P256);
    assert_eq!(token.verify(MESSAGE, &[certificate(other.root())]).unwrap_err(), E::TooManyPaths);
}

#[test]
fn a_root_of_the_token_is_not_put_below_a_trusted_one() {
    // Both roots have one key and one name.
    let tsa = Tsa::with(Kind::P256, |specs| drop(specs.remove(1)));
    let mut newer = Spec::authority("tsa-root", Kind::P256);
    newer.spki = Some(tsa.specs[1].key.spki());
    newer.not_after = NOW + Duration::days(9);
    let newer = newer.sign(&tsa.specs[1]);
    let token = TimestampToken::parse(&tsa.token(MESSAGE)).unwrap();
    let verified = token.verify(MESSAGE, &[certificate(&newer)]).unwrap();
    assert_eq!(verified.chain().certificates().len(), 2);
}

#[test]
fn names_of_issuers_are_compared_byte_by_byte() {
    let tsa = Tsa::with(Kind::P256, |specs| specs[0].issuer = Some(name(0x13, "tsa-ca")));
    assert!(matches!(verify(&tsa.token(MESSAGE), &tsa), Err(E::UntrustedChain { .. })));
}
