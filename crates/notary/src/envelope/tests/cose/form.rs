//! The form of the envelope: a `COSE_Sign1_Tagged`, RFC 9052, section 4.2.

use testing::cose::{Cbor, CoseDraft, NULL, head, sign1};
use testing::envelope::Draft;

use super::{ParseCose as _, parse};
use crate::cbor::{CborError, MAX_DEPTH, MAX_ITEMS};
use crate::envelope::{AttributeError, Envelope, EnvelopeError, EnvelopeFormat, MAX_ENVELOPE_SIZE};

fn refused(bytes: &[u8]) -> EnvelopeError {
    parse(bytes).unwrap_err()
}

fn array() -> Cbor {
    Cbor::Array(CoseDraft::new().elements().into())
}

/// An envelope with another element.
fn element(position: usize, item: Cbor) -> EnvelopeError {
    let mut elements = CoseDraft::new().elements();
    elements[position] = item;
    refused(&sign1(elements))
}

#[test]
fn the_tag_must_be_18_and_the_only_one() {
    // COSE: "supports COSE_Sign1_Tagged as a signature envelope".
    let tagged = |tag: u64, item: Cbor| Cbor::Tag(tag, Box::new(item));
    for envelope in [
        array(),
        tagged(98, array()),
        tagged(17, array()),
        tagged(61, tagged(18, array())),
        tagged(55_799, tagged(18, array())),
        tagged(24, Cbor::Bytes(tagged(18, array()).encode())),
        Cbor::Bytes(tagged(18, array()).encode()),
        Cbor::Map(vec![(0.into(), array())]),
        18.into(),
        NULL,
    ] {
        let why = refused(&envelope.encode());
        assert!(matches!(why, EnvelopeError::NotSign1(why) if why.contains("tag")), "{why}");
    }
    for envelope in [tagged(18, tagged(18, array())), tagged(18, NULL), tagged(18, Cbor::Bytes(array().encode()))] {
        let why = refused(&envelope.encode());
        assert!(matches!(why, EnvelopeError::NotSign1(why) if why.contains("array")), "{why}");
    }
}

#[test]
fn there_must_be_four_elements() {
    let elements = CoseDraft::new().elements().to_vec();
    for wrong in [
        vec![],
        elements[..3].to_vec(),
        [&elements[..], &[NULL]].concat(),
        // A COSE_Sign has its signatures in the last element.
        [&elements[..3], &[Cbor::Array(vec![]), NULL]].concat(),
    ] {
        let why = refused(&sign1(wrong));
        assert!(matches!(why, EnvelopeError::NotSign1(why) if why.contains("four")), "{why}");
    }
    // Fewer than the head says.
    let short = [vec![0xd2, 0x84], elements[..3].iter().flat_map(Cbor::encode).collect()].concat();
    assert!(matches!(refused(&short), EnvelopeError::Cbor(CborError::Malformed { .. })));
}

#[test]
fn every_element_must_have_its_type() {
    for (position, name) in [(0, "protected"), (1, "unprotected"), (2, "payload"), (3, "signature")] {
        for item in ["x".into(), Cbor::Integer(1), Cbor::Array(vec![]), Cbor::Tag(24, Box::new(Cbor::Bytes(vec![])))] {
            let why = element(position, item);
            assert!(matches!(&why, EnvelopeError::Cbor(CborError::Type { name: n, .. }) if n == name), "{why}");
        }
    }
    for position in [0, 2, 3] {
        let map = element(position, Cbor::Map(vec![]));
        assert!(matches!(map, EnvelopeError::Cbor(CborError::Type { .. })), "{map}");
    }
    for position in [0, 1, 3] {
        let null = element(position, NULL);
        assert!(matches!(null, EnvelopeError::Cbor(CborError::Type { .. })), "{null}");
    }
}

#[test]
fn a_detached_payload_is_refused() {
    // COSE, "COSE Payload": "The COSE envelope contains the Notary Project signature Payload".
    let why = element(2, NULL);
    assert!(matches!(why, EnvelopeError::NotSign1(why) if why.contains("detached")), "{why}");
    let undefined = element(2, Cbor::Simple(23));
    assert!(matches!(undefined, EnvelopeError::Cbor(CborError::Type { .. })), "{undefined}");
}

#[test]
fn payload_and_signature_must_not_be_empty() {
    for (position, name) in [(2, "payload"), (3, "signature")] {
        assert_eq!(element(position, Cbor::Bytes(vec![])), EnvelopeError::Cbor(CborError::Missing(name.into())));
    }
}

#[test]
fn the_protected_header_must_be_one_map() {
    let with = |bytes: Vec<u8>| {
        let mut draft = CoseDraft::new();
        draft.protected_bytes = Some(bytes);
        match draft.refused() {
            EnvelopeError::Attributes(AttributeError::Cbor(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    let map = CoseDraft::new().protected_bytes();
    assert!(matches!(with([&map[..], &[0]].concat()), CborError::Trailing(1)));
    assert!(matches!(with(map[..map.len() - 1].to_vec()), CborError::Malformed { .. }));
    for wrong in [Cbor::Bytes(map.clone()), Cbor::Array(vec![]), NULL, Cbor::Tag(24, Box::new(Cbor::Bytes(map)))] {
        assert!(matches!(with(wrong.encode()), CborError::Type { .. }), "{wrong:?}");
    }
    // RFC 9052, section 3: recipients accept both forms of an empty header. Here it lacks what is required.
    for empty in [vec![], vec![0xa0], vec![0xbf, 0xff]] {
        assert_eq!(with(empty), CborError::Missing("crit (2)".into()));
    }
}

#[test]
fn a_label_twice_is_refused_at_every_level() {
    // RFC 9052, section 3: "if a label appears multiple times, the message MUST be rejected as malformed".
    let twice = |entries: &[(Cbor, Cbor)]| [entries, &entries[..1]].concat();
    let nested = Cbor::Array(vec![Cbor::Map(twice(&[("a".into(), 1.into())]))]);
    let mut draft = CoseDraft::new();
    draft.protected = twice(&draft.protected);
    let mut unprotected = CoseDraft::new();
    unprotected.unprotected = twice(&unprotected.unprotected);
    let long = CoseDraft::new().unprotected(Cbor::Raw(vec![0x18, 33]), NULL);
    let in_parts = CoseDraft::new().protect(Cbor::Raw(b"\x7f\x61b\x61c\xff".to_vec()), NULL).protect("bc", NULL);
    for draft in [
        draft,
        unprotected,
        long,
        in_parts,
        CoseDraft::new().protect("org.example.note", nested.clone()),
        CoseDraft::new().unprotected("org.example.note", nested),
    ] {
        let why = draft.refused();
        let (EnvelopeError::Cbor(why) | EnvelopeError::Attributes(AttributeError::Cbor(why))) = why else {
            panic!("{why:?}")
        };
        assert!(matches!(why, CborError::DuplicateKey(_)), "{why}");
    }
}

#[test]
fn a_label_must_be_an_integer_or_text() {
    // RFC 9052, section 1.4: "label = int / tstr".
    let one = || Box::new(Cbor::Integer(1));
    for label in [
        Cbor::Bytes(vec![1]),
        NULL,
        Cbor::Float(1.0),
        Cbor::Array(vec![]),
        Cbor::Tag(1, one()),
        Cbor::Tag(2, Box::new(Cbor::Bytes(vec![33]))),
    ] {
        let why = CoseDraft::new().protect(label.clone(), NULL).refused();
        assert!(matches!(why, EnvelopeError::Attributes(AttributeError::Cbor(CborError::Label(_)))), "{why}");
        let why = CoseDraft::new().unprotected(label, NULL).refused();
        assert!(matches!(why, EnvelopeError::Cbor(CborError::Label(_))), "{why}");
    }
}

#[test]
fn rejects_bytes_after_the_envelope_and_other_forms() {
    let envelope = CoseDraft::new().sign();
    assert_eq!(refused(&[&envelope[..], &[0]].concat()), EnvelopeError::Cbor(CborError::Trailing(1)));
    assert_eq!(refused(&envelope.repeat(2)), EnvelopeError::Cbor(CborError::Trailing(envelope.len())));
    let cut = &envelope[..envelope.len() - 1];
    for wrong in [&[][..], cut, b"{}", Draft::new().sign().to_string().as_bytes(), hex::encode(&envelope).as_bytes()] {
        let why = refused(wrong);
        assert!(matches!(why, EnvelopeError::Cbor(_)), "{why}");
    }
    assert!(matches!(Envelope::parse(EnvelopeFormat::Jws, &envelope), Err(EnvelopeError::Json(_))));
}

#[test]
fn rejects_more_than_ten_mebibytes() {
    let mut draft = CoseDraft::new().unprotected("org.example.note", Cbor::Bytes(vec![0; MAX_ENVELOPE_SIZE - 10_000]));
    let missing = MAX_ENVELOPE_SIZE - draft.sign().len();
    draft = draft.unprotected("org.example.note", Cbor::Bytes(vec![0; MAX_ENVELOPE_SIZE - 10_000 + missing]));
    assert_eq!(draft.sign().len(), MAX_ENVELOPE_SIZE);
    draft.parse().unwrap();
    draft = draft.unprotected("org.example.note", Cbor::Bytes(vec![0; MAX_ENVELOPE_SIZE - 10_000 + missing + 1]));
    assert_eq!(draft.refused(), EnvelopeError::TooLarge(MAX_ENVELOPE_SIZE + 1));
}

#[test]
fn limits_items_and_depth_in_both_headers() {
    let many = |items: usize| Cbor::Array(vec![NULL; items]);
    CoseDraft::new().protect("n", many(MAX_ITEMS - 100)).unprotected("m", many(MAX_ITEMS - 100)).parse().unwrap();
    let deep = |depth: usize| Cbor::Raw([vec![0x81; depth], vec![0xf6]].concat());
    let depth = MAX_DEPTH - 3;
    CoseDraft::new().protect("n", deep(depth)).unprotected("m", deep(depth)).parse().unwrap();
    for (item, expected) in [
        (many(MAX_ITEMS), CborError::TooMany),
        (many(5_000_000), CborError::TooMany),
        (deep(MAX_DEPTH), CborError::TooDeep),
        (deep(5_000_000), CborError::TooDeep),
    ] {
        let why = CoseDraft::new().protect("n", item.clone()).refused();
        assert_eq!(why, EnvelopeError::Attributes(AttributeError::Cbor(expected.clone())));
        assert_eq!(CoseDraft::new().unprotected("n", item).refused(), EnvelopeError::Cbor(expected));
    }
    // Lengths that reserve memory would show here.
    for major in 2..=5 {
        let bomb = [head(6, 18), head(4, 4), head(major, u64::MAX)].concat();
        assert!(matches!(refused(&bomb), EnvelopeError::Cbor(CborError::Malformed { .. })));
    }
}

#[test]
fn a_hash_envelope_is_refused_by_name() {
    // COSE, "COSE Hash Envelope": the payload is only a hash, and the content type is absent.
    let draft = CoseDraft::new().without(3).protect(258, -16).protect(259, "application/octet-stream");
    let why = draft.refused();
    assert_eq!(why.to_string(), "COSE hash envelopes (label 258) are not supported");
    for label in 258..=260 {
        let why = CoseDraft::new().protect(label, -16).refused();
        assert_eq!(why, EnvelopeError::Attributes(AttributeError::HashEnvelope(label as i64)));
        let why = CoseDraft::new().unprotected(label, -16).refused();
        assert_eq!(why, EnvelopeError::UnprotectedClaim(label.into()));
    }
}
