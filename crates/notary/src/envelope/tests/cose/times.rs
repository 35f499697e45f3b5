//! Times: "an Epoch-Based Date/Time defined in RFC 8949" (section 3.4.2), which is the tag 1 and a number.

use testing::certificate::NOW;
use testing::cose::{Cbor, CoseDraft, NOW_SECONDS};
use testing::envelope::Scheme;
use testing::key::Kind;
use time::Duration;
use time::macros::datetime;

use super::{ParseCose as _, refused_header as refused};
use crate::envelope::{AttributeError as E, header};

fn tagged(item: Cbor) -> Cbor {
    Cbor::Tag(1, Box::new(item))
}

fn raw(hex: &str) -> Cbor {
    Cbor::Raw(hex::decode(hex).unwrap())
}

const NAMES: [&str; 2] = [header::AUTHENTIC_SIGNING_TIME, header::EXPIRY];

#[test]
fn a_time_may_be_an_integer_or_a_float() {
    let seconds = NOW_SECONDS as f64;
    for (time, expected) in [
        (tagged(NOW_SECONDS.into()), NOW),
        (tagged(Cbor::Float(seconds)), NOW),
        // "The optional fractional seconds SHOULD NOT be used": they may.
        (tagged(Cbor::Float(seconds + 0.25)), NOW + Duration::milliseconds(250)),
        // In eight bytes although four are enough.
        (raw("c11b000000006a45010c"), datetime!(2026-07-01 11:59:08 UTC)),
        // With a tag in two bytes.
        (Cbor::Raw([vec![0xd8, 0x01], Cbor::Integer(NOW_SECONDS).encode()].concat()), NOW),
    ] {
        let draft = CoseDraft::new().protect(header::AUTHENTIC_SIGNING_TIME, time.clone());
        assert_eq!(draft.parse().unwrap().attributes.signing_time, expected, "{time:?}");
    }
    // Single and half precision, zero and negative numbers.
    for (time, expected) in [
        (raw("c1fa4ed48a02"), datetime!(2026-07-01 11:58:56 UTC)),
        (raw("c1f97bff"), datetime!(1970-01-01 18:11:44 UTC)),
        (raw("c1f98000"), datetime!(1970-01-01 00:00 UTC)),
        (tagged(0.into()), datetime!(1970-01-01 00:00 UTC)),
        (tagged((-1).into()), datetime!(1969-12-31 23:59:59 UTC)),
        (tagged(Cbor::Float(-0.5)), datetime!(1969-12-31 23:59:59.5 UTC)),
    ] {
        let draft = CoseDraft::with_kind(Kind::P384, Scheme::X509).protect(header::SIGNING_TIME, time.clone());
        assert_eq!(draft.parse().unwrap().attributes.signing_time, expected, "{time:?}");
    }
}

#[test]
fn other_types_and_other_tags_are_refused() {
    // "Other contained types are invalid."
    for wrong in [
        NOW_SECONDS.into(),
        Cbor::Float(NOW_SECONDS as f64),
        "2026-07-01T12:00:00Z".into(),
        Cbor::Tag(0, Box::new("2026-07-01T12:00:00Z".into())),
        Cbor::Tag(1001, Box::new(Cbor::Map(vec![(1.into(), NOW_SECONDS.into())]))),
        Cbor::Tag(100, Box::new(20_635.into())),
        tagged("1782907200".into()),
        tagged(Cbor::Bytes(vec![1])),
        tagged(tagged(NOW_SECONDS.into())),
        // A bignum, which some libraries take for an integer.
        tagged(Cbor::Tag(2, Box::new(Cbor::Bytes(vec![0x6a, 0x45, 0x01, 0x40])))),
        tagged(Cbor::Tag(4, Box::new(Cbor::Array(vec![0.into(), NOW_SECONDS.into()])))),
        tagged(Cbor::Simple(20)),
        tagged(Cbor::Array(vec![NOW_SECONDS.into()])),
        testing::cose::NULL,
    ] {
        for name in NAMES {
            let why = refused(&CoseDraft::new().protect(name, wrong.clone()));
            assert!(matches!(why, E::EpochTime { name: n, .. } if n == name), "{wrong:?}: {why}");
        }
    }
}

#[test]
fn what_is_not_a_time_or_cannot_be_shown_is_refused() {
    for wrong in [
        Cbor::Float(f64::NAN),
        Cbor::Float(f64::INFINITY),
        Cbor::Float(f64::NEG_INFINITY),
        raw("f97e00"),
        raw("f97c00"),
        raw("fa7fc00000"),
        Cbor::Float(1e300),
        Cbor::Float(-1e300),
        Cbor::Float(253_402_300_800.0),
        // The year 10000, and the last second before the year 0.
        253_402_300_800.into(),
        (-62_167_219_201).into(),
        i128::from(i64::MAX).into(),
        i128::from(u64::MAX).into(),
        i128::from(i64::MIN).into(),
        (-1 - i128::from(u64::MAX)).into(),
    ] {
        for name in NAMES {
            let why = refused(&CoseDraft::new().protect(name, tagged(wrong.clone())));
            assert!(matches!(why, E::EpochTime { name: n, .. } if n == name), "{wrong:?}: {why}");
        }
        let own = CoseDraft::with_kind(Kind::P384, Scheme::X509);
        let why = refused(&own.protect(header::SIGNING_TIME, tagged(wrong)));
        assert!(matches!(why, E::EpochTime { name: header::SIGNING_TIME, .. }), "{why}");
    }
    let nan = refused(&CoseDraft::new().protect(header::EXPIRY, raw("c1f97e00")));
    let text = "io.cncf.notary.expiry is 1(NaN), which is not an epoch-based time (tag 1) in the years 0 to 9999";
    assert_eq!(nan.to_string(), text);
    let last = CoseDraft::new().protect(header::EXPIRY, Cbor::time(253_402_300_799));
    assert_eq!(last.attributes().expiry, Some(datetime!(9999-12-31 23:59:59 UTC)));
}

#[test]
fn rejects_expiry_before_or_at_the_signing_time() {
    for expiry in [NOW_SECONDS, NOW_SECONDS - 1, 0, -62_135_596_800] {
        let why = refused(&CoseDraft::new().protect(header::EXPIRY, Cbor::time(expiry)));
        assert!(matches!(why, E::ExpiryBeforeSigning { .. }), "{expiry}: {why}");
    }
    CoseDraft::new().protect(header::EXPIRY, Cbor::time(NOW_SECONDS + 1)).parse().unwrap();
    let half = tagged(Cbor::Float(NOW_SECONDS as f64 + 0.5));
    CoseDraft::new().protect(header::EXPIRY, half).parse().unwrap();
}
