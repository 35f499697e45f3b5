//! Times.

use testing::cose::{Cbor, NULL};

use super::changes::{protect, tag};
use crate::differential::Expected::{Accepted, OnlyNotationAccepts, Refused};
use crate::differential::case::{Case, seconds};
use crate::differential::names::{AUTHENTIC, EXPIRY, TIME};
use crate::differential::rules::{COSE_TIME, EXPIRED, YEARS};

pub(super) fn times() -> Vec<Case> {
    let form = "not an epoch-based time";
    let time = |name: &str, expected, item: Cbor| protect(name, expected, TIME, tag(1, item));
    let expiry = |name: &str, expected, item: Cbor| protect(name, expected, EXPIRY, tag(1, item));
    let raw = |bytes: &[u8]| Cbor::Raw(bytes.to_vec());
    let float = |seconds: i128| Cbor::Float(seconds as f64);
    vec![
        time("a signing time as a float", Accepted, float(seconds(-3600))),
        time("a signing time with a fraction", Accepted, Cbor::Float(seconds(-3600) as f64 + 0.25)),
        time("a signing time in half precision", Accepted, raw(&[0xf9, 0x7b, 0xff])),
        time("a signing time in single precision", Accepted, raw(&[0xfa, 0x4e, 0xd4, 0x8a, 0x02])),
        time("a signing time of zero", Accepted, 0.into()),
        time("a signing time below zero", Accepted, (-1).into()),
        time("a signing time in more bytes than necessary", Accepted, raw(&[0x1b, 0, 0, 0, 0, 0x6a, 0x45, 1, 12])),
        time("a signing time of NaN", Refused(form), Cbor::Float(f64::NAN)),
        time("a signing time of infinity", Refused(form), Cbor::Float(f64::INFINITY)),
        time("a signing time beyond all years", OnlyNotationAccepts(YEARS, form), i128::from(i64::MAX).into()),
        time("a signing time as text", Refused(form), "1782907200".into()),
        time("a signing time as a bignum", Refused(form), tag(2, Cbor::Bytes(vec![0x6a, 0x45, 1, 0x40]))),
        time("a signing time in an array", Refused(form), Cbor::Array(vec![seconds(-3600).into()])),
        time("a signing time with two tags", Refused(form), tag(1, seconds(-3600))),
        time("a signing time of null", Refused(form), NULL),
        protect("a signing time without a tag", Refused(form), TIME, seconds(-3600)),
        protect("a signing time without a tag, as a float", Refused(form), TIME, float(seconds(-3600))),
        protect("a signing time as RFC 3339 text", Refused(form), TIME, "2026-07-01T12:00:00Z"),
        protect("a signing time with the tag 0", Refused(form), TIME, tag(0, "2026-07-01T12:00:00Z")),
        protect("a signing time with the tag 100", Refused(form), TIME, tag(100, 20_635)),
        protect("a null signing time", Refused(form), TIME, NULL),
        protect("a signing time with the tag in two bytes", Accepted, TIME, {
            Cbor::Raw([vec![0xd8, 1], Cbor::Integer(seconds(-3600)).encode()].concat())
        }),
        expiry("an expiry as a float", Accepted, float(seconds(3600))),
        expiry("an expiry of NaN", OnlyNotationAccepts(COSE_TIME, form), Cbor::Float(f64::NAN)),
        expiry("an expiry of NaN in half precision", OnlyNotationAccepts(COSE_TIME, form), raw(&[0xf9, 0x7e, 0])),
        expiry("an expiry of infinity", OnlyNotationAccepts(COSE_TIME, form), Cbor::Float(f64::INFINITY)),
        expiry("an expiry of minus infinity", OnlyNotationAccepts(COSE_TIME, form), Cbor::Float(f64::NEG_INFINITY)),
        expiry("an expiry in the year 9999", Accepted, 253_402_300_799.into()),
        expiry("an expiry in the year 1", OnlyNotationAccepts(EXPIRED, "is not after"), (-62_135_596_800).into()),
        expiry("an expiry as a bignum", Refused(form), tag(2, Cbor::Bytes(vec![0x7a, 0x45, 1, 0x40]))),
        protect("an expiry without a tag", Refused(form), EXPIRY, seconds(3600)),
        protect("a null expiry", Refused(form), EXPIRY, NULL),
        expiry("expired a moment ago", Refused("the signature expired"), seconds(-1).into()),
        expiry("expires at the signing time", Refused("is not after"), seconds(-3600).into()),
        expiry("expires before it is signed", Refused("is not after"), seconds(-7200).into()),
        time("signed in the future", Refused("is not after"), seconds(7200).into()),
        time("signed before the chain was valid", Accepted, 1_500_000_000.into()),
        protect(
            "signed by a signing authority before the chain was valid",
            Refused("authenticTimestamp"),
            AUTHENTIC,
            Cbor::time(seconds(-80 * 3600)),
        )
        .authority(),
        protect("an authentic signing time of NaN", Refused(form), AUTHENTIC, tag(1, Cbor::Float(f64::NAN)))
            .authority(),
        protect("an authentic signing time as a float", Accepted, AUTHENTIC, tag(1, float(seconds(-3600)))).authority(),
        protect("an authentic signing time without a tag", Refused(form), AUTHENTIC, seconds(-3600)).authority(),
    ]
}
