//! What a timestamp changes of an envelope, and what it does not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use testing::cose::{Cbor, CoseDraft, sign1};
use testing::envelope::{Draft, Scheme};
use testing::key::Kind;

use super::*;
use crate::cbor::MAX_ITEMS;
use crate::envelope::MAX_ENVELOPE_SIZE;
use crate::envelope::header::TIMESTAMP_SIGNATURE;

fn envelope(format: EnvelopeFormat) -> Vec<u8> {
    match format {
        EnvelopeFormat::Jws => Draft::with_kind(Kind::P256, Scheme::X509).sign().to_string().into_bytes(),
        EnvelopeFormat::Cose => CoseDraft::with_kind(Kind::P256, Scheme::X509).sign(),
    }
}

/// What `change` makes of the unprotected header: the encoding of the map, whose parts the test writes itself.
fn with_unprotected(map: Vec<u8>) -> [Vec<u8>; 2] {
    let [protected, _, payload, signature] = CoseDraft::with_kind(Kind::P256, Scheme::X509).elements();
    let all = sign1([protected.clone(), Cbor::Raw(map.clone()), payload.clone(), signature.clone()]);
    let at = all.windows(map.len()).position(|window| window == map).unwrap();
    [all[..at].to_vec(), all[at + map.len()..].to_vec()]
}

#[test]
fn a_timestamp_changes_nothing_else() {
    for format in EnvelopeFormat::ALL {
        let envelope = envelope(format);
        let before = Envelope::parse(format, &envelope).unwrap();
        assert_eq!(before.timestamp_signature(), None);
        let first = with_timestamp(format, &envelope, b"first").unwrap();
        let stamped = with_timestamp(format, &first, b"the second").unwrap();
        let after = Envelope::parse(format, &stamped).unwrap();
        assert_eq!(after.timestamp_signature(), Some(&b"the second"[..]));
        assert_eq!(Envelope { timestamp_signature: None, ..after.clone() }, before);
        let verified = after.verify_integrity().unwrap();
        assert_eq!(verified.timestamp_signature(), Some(&b"the second"[..]));
        assert_eq!(verified.signature(), before.signature());
        assert_eq!(with_timestamp(format, &stamped, b"first").unwrap(), first);
    }
}

#[test]
fn everything_else_of_a_cose_envelope_stays_byte_for_byte() {
    let [_, unprotected, ..] = CoseDraft::with_kind(Kind::P256, Scheme::X509).elements();
    let Cbor::Map(entries) = unprotected else { panic!() };
    let chain: Vec<u8> = entries.iter().flat_map(|(key, value)| [key.encode(), value.encode()].concat()).collect();
    // A text in parts, an integer in nine bytes, and a map of indefinite length.
    let odd = b"\x7f\x61a\x61b\xff\x1b\0\0\0\0\0\0\0\x07".to_vec();
    let nested = b"\x61n\xbf\x01\x9f\xff\xff".to_vec();
    let timestamp = |name: &[u8], token: &[u8]| [name, &[0x40 | token.len() as u8], token].concat();
    let name = [&[0x78, TIMESTAMP_SIGNATURE.len() as u8], TIMESTAMP_SIGNATURE.as_bytes()].concat();
    let in_parts = [&[0x7f][..], &name, &[0x60, 0xff]].concat();
    let count = entries.len() as u8;
    for (before, after) in [
        // Added: the length changes, and the entries stay.
        (
            [&[0xa0 | (count + 2)][..], &odd, &chain, &nested].concat(),
            [&[0xa0 | (count + 3)][..], &odd, &chain, &nested, &timestamp(&name, b"new")].concat(),
        ),
        (
            [&[0xbf][..], &chain, &odd, &[0xff]].concat(),
            [&[0xbf][..], &chain, &odd, &timestamp(&name, b"new"), &[0xff]].concat(),
        ),
        // Replaced in its place, with the head of the map as it is.
        (
            [&[0xb9, 0, count + 2][..], &chain, &timestamp(&name, b"older"), &odd].concat(),
            [&[0xb9, 0, count + 2][..], &chain, &timestamp(&name, b"new"), &odd].concat(),
        ),
        (
            [&[0xbf][..], &timestamp(&in_parts, b""), &chain, &[0xff]].concat(),
            [&[0xbf][..], &timestamp(&name, b"new"), &chain, &[0xff]].concat(),
        ),
    ] {
        let [start, end] = with_unprotected(before.clone());
        let stamped = with_timestamp(EnvelopeFormat::Cose, &[&start[..], &before, &end].concat(), b"new").unwrap();
        assert_eq!(stamped, [&start[..], &after, &end].concat());
    }
}

#[test]
fn an_array_of_indefinite_length_and_a_long_protected_header_stay() {
    let [protected, unprotected, payload, signature] = CoseDraft::with_kind(Kind::P256, Scheme::X509).elements();
    let parts = [protected.encode(), unprotected.encode(), payload.encode(), signature.encode()];
    let envelope = [&[0xd8, 18, 0x9f][..], &parts.concat(), &[0xff]].concat();
    let stamped = with_timestamp(EnvelopeFormat::Cose, &envelope, b"token").unwrap();
    assert!(stamped.starts_with(&[&[0xd8, 18, 0x9f][..], &parts[0]].concat()));
    assert!(stamped.ends_with(&[&parts[2][..], &parts[3], &[0xff]].concat()));
    Envelope::parse(EnvelopeFormat::Cose, &stamped).unwrap().verify_integrity().unwrap();
}

#[test]
fn malformed_envelopes_get_none() {
    for format in EnvelopeFormat::ALL {
        for malformed in [&b"{}"[..], b"", b"\xd2", b"\xd2\x84\x40\xa0\x40\x40"] {
            assert!(with_timestamp(format, malformed, b"token").is_err());
        }
        let large = vec![0; MAX_ENVELOPE_SIZE];
        assert!(matches!(with_timestamp(format, &envelope(format), &large), Err(EnvelopeError::TooLarge(_))));
        let other = if format == EnvelopeFormat::Jws { EnvelopeFormat::Cose } else { EnvelopeFormat::Jws };
        assert!(with_timestamp(format, &envelope(other), b"token").is_err());
    }
}

#[test]
fn an_envelope_with_as_many_items_as_allowed_gets_none() {
    let draft = |notes: usize| {
        let notes = Cbor::Array(vec![Cbor::Integer(1); notes]);
        CoseDraft::with_kind(Kind::P256, Scheme::X509).unprotected("notes", notes).sign()
    };
    let accepted = |notes: usize| Envelope::parse(EnvelopeFormat::Cose, &draft(notes)).is_ok();
    let most = (0..MAX_ITEMS).rev().find(|notes| accepted(*notes)).unwrap();
    let stamped = with_timestamp(EnvelopeFormat::Cose, &draft(most), b"token");
    assert_eq!(stamped, Err(EnvelopeError::Cbor(crate::cbor::CborError::TooMany)));
    assert!(with_timestamp(EnvelopeFormat::Cose, &draft(most - 2), b"token").is_ok());
}
