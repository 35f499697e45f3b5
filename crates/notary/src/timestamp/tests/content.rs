//! `TSTInfo`: RFC 3161, 2.4.2; `trust-store-trust-policy.md`, steps of "Validate Authentic Timestamp".

use testing::certificate::NOW;
use testing::der::{oid, sequence, tlv};
use testing::key::Kind;
use testing::status::{SHA1, extension};
use testing::timestamp::{BASELINE_POLICY, SHA2_384, SHA2_512, Tsa, accuracy, imprint};
use time::{Duration, OffsetDateTime};

use super::super::TimestampError as E;
use super::{MESSAGE, accepted, refused};
use crate::x509::ChainError;

/// The deviation of a token from its time, in both directions.
fn deviation(tsa: &Tsa, change: impl FnOnce(&mut testing::timestamp::TokenDraft)) -> Duration {
    let verified = accepted(tsa, change);
    let [below, above] = [NOW - verified.lower_limit(), verified.upper_limit() - NOW];
    assert_eq!(below, above);
    above
}

#[test]
fn a_timestamp_is_for_one_message() {
    let tsa = Tsa::new(Kind::P256);
    for algorithm in [SHA2_384, SHA2_512] {
        accepted(&tsa, |draft| draft.info.imprint = imprint(algorithm, MESSAGE));
    }
    assert_eq!(refused(&tsa, |draft| draft.info.imprint = imprint(SHA2_384, b"another")), E::OtherMessage);
    let why = refused(&tsa, |draft| draft.info.imprint = imprint(SHA1, MESSAGE));
    assert!(matches!(why, E::Hash { part: "the hashAlgorithm of messageImprint", .. }), "{why}");
}

#[test]
fn the_accuracy_is_subtracted_and_added() {
    let tsa = Tsa::new(Kind::P256);
    for (encoded, expected) in [
        (vec![], Duration::ZERO),
        (accuracy(Some(5), &[], &[]), Duration::seconds(5)),
        (accuracy(Some(1), &[200 - 100], &[3]), Duration::microseconds(1_100_003)),
        (accuracy(None, &[3, 0xe7], &[]), Duration::milliseconds(999)),
        (accuracy(None, &[], &[0, 200]), Duration::microseconds(200)),
        (sequence(&[]), Duration::ZERO),
        (accuracy(Some(0), &[], &[]), Duration::ZERO),
    ] {
        assert_eq!(deviation(&tsa, |draft| draft.info.accuracy = encoded), expected);
    }
    for wrong in [
        accuracy(Some(0xff), &[], &[]),
        accuracy(None, &[0], &[]),
        accuracy(None, &[3, 0xe8], &[]),
        accuracy(None, &[0, 5], &[]),
        accuracy(None, &[0xff], &[]),
        accuracy(None, &[], &[1, 0, 0]),
        sequence(&[&[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]]),
        sequence(&[&[2, 8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], &tlv(0x80, &[3, 0xe7])]),
        sequence(&[&tlv(0x81, &[1]), &tlv(0x80, &[1])]),
    ] {
        let why = refused(&tsa, |draft| draft.info.accuracy = wrong.clone());
        let is_expected = matches!(why, E::Malformed { part: "accuracy", .. } | E::Accuracy(_));
        assert!(is_expected, "{wrong:x?}: {why}");
    }
}

/// "If the accuracy is not explicitly specified and `TSTInfo.policy` is the baseline time-stamp policy, use accuracy of
/// 1 second. Otherwise, use an accuracy of 0."
#[test]
fn the_baseline_policy_has_an_accuracy_of_a_second_unless_another_is_stated() {
    let tsa = Tsa::new(Kind::P256);
    let with = |encoded: Vec<u8>| {
        deviation(&tsa, |draft| {
            draft.info.policy = oid(BASELINE_POLICY);
            draft.info.accuracy = encoded;
        })
    };
    assert_eq!(with(vec![]), Duration::SECOND);
    assert_eq!(with(accuracy(Some(2), &[], &[])), Duration::seconds(2));
    assert_eq!(with(accuracy(Some(0), &[], &[])), Duration::ZERO);
}

#[test]
fn an_accuracy_that_leaves_the_validity_of_the_chain_is_refused() {
    let tsa = Tsa::new(Kind::P256);
    for (seconds, is_valid) in [([2, 3, 0x03, 0xf4, 0x80], true), ([2, 3, 0x03, 0xf4, 0x81], false)] {
        // Three days, from the first second of the validity.
        let encoded = sequence(&[&seconds]);
        match is_valid {
            true => drop(accepted(&tsa, |draft| draft.info.accuracy = encoded)),
            false => {
                let why = refused(&tsa, |draft| draft.info.accuracy = encoded);
                assert!(matches!(why, E::Chain(ChainError::NotValidAt { .. })), "{why}");
            }
        }
    }
    // About 290 billion years.
    let forever = sequence(&[&[2, 8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]);
    assert!(matches!(refused(&tsa, |draft| draft.info.accuracy = forever), E::Accuracy(_)));
}

#[test]
fn times_have_the_form_of_der() {
    let tsa = Tsa::new(Kind::P256);
    let time = |text: &str| tlv(0x18, text.as_bytes());
    let second = Duration::SECOND;
    for (text, after) in [
        ("20260701120000Z", Duration::ZERO),
        ("20260701120000.5Z", second / 2),
        ("20260701120000.000000001Z", Duration::NANOSECOND),
    ] {
        let verified = accepted(&tsa, |draft| draft.info.gen_time = time(text));
        assert_eq!([verified.lower_limit(), verified.upper_limit()], [NOW + after; 2], "{text}");
    }
    let finer = accepted(&tsa, |draft| draft.info.gen_time = time("20260701120000.0000000009Z"));
    assert_eq!([finer.lower_limit(), finer.upper_limit()], [NOW, NOW + Duration::NANOSECOND]);
    for text in [
        "",
        "Z",
        "20260701120000",
        "202607011200Z",
        "20260701120000.Z",
        "20260701120000.50Z",
        "20260701120000.0Z",
        "20260701120000,5Z",
        "20260701120000+0000",
        "20260701140000+0200",
        "20260701120060Z",
        "20260701240000Z",
        "20260229120000Z",
        "20261301120000Z",
        "+2026070112000Z",
        "2026 701120000Z",
        "20260701120000.1111111111111111111111111111111111Z",
    ] {
        let why = refused(&tsa, |draft| draft.info.gen_time = time(text));
        assert!(matches!(why, E::Malformed { part: "genTime", .. }), "{text}: {why}");
    }
    // A UTCTime.
    let short = testing::der::time(NOW);
    assert!(matches!(refused(&tsa, |draft| draft.info.gen_time = short), E::Malformed { part: "TSTInfo", .. }));
}

#[test]
fn rejects_critical_extensions() {
    let tsa = Tsa::new(Kind::P256);
    let with = |critical| tlv(0xa1, &extension("1.2.3.4", critical, &[5, 0]));
    accepted(&tsa, |draft| draft.info.extensions = with(false));
    assert_eq!(
        refused(&tsa, |draft| draft.info.extensions = with(true)),
        E::CriticalExtension("1.2.3.4".parse().unwrap())
    );
}

#[test]
fn accepts_the_optional_fields_in_their_order_only() {
    let tsa = Tsa::new(Kind::P256);
    accepted(&tsa, |draft| {
        draft.info.accuracy = accuracy(Some(1), &[], &[]);
        draft.info.ordering = vec![1, 1, 0xff];
        draft.info.nonce = vec![2, 1, 7];
    });
    let wrong: [fn(&mut testing::timestamp::TokenDraft); 7] = [
        |draft| draft.info.ordering = vec![1, 1, 1],
        |draft| draft.info.nonce = vec![2, 2, 0, 7],
        |draft| draft.info.nonce = vec![2, 0],
        |draft| draft.info.extensions = vec![5, 0],
        |draft| draft.info.serial = vec![2, 1, 0xff],
        |draft| {
            draft.info.ordering = vec![2, 1, 7];
            draft.info.nonce = vec![1, 1, 0xff];
        },
        |draft| draft.content = Some([draft.info.der(), vec![5, 0]].concat()),
    ];
    for (position, change) in wrong.into_iter().enumerate() {
        let why = refused(&tsa, change);
        assert!(matches!(why, E::Malformed { .. }), "{position}: {why}");
    }
}

#[test]
fn a_time_outside_the_validity_of_the_authority_is_refused() {
    let tsa = Tsa::new(Kind::P256);
    let at = |time: OffsetDateTime| {
        let draft = tsa.draft_at(MESSAGE, time);
        super::verify(&tsa.sign(&draft), &tsa)
    };
    for (time, is_valid) in [
        (NOW - Duration::days(3), true),
        (NOW - Duration::days(3) - Duration::SECOND, false),
        (NOW + Duration::days(4), true),
        (NOW + Duration::days(4) + Duration::SECOND, false),
    ] {
        assert_eq!(at(time).is_ok(), is_valid, "{time}");
    }
}
