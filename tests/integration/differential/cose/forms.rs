//! The CBOR around it: which encodings are read, and which are malformed.

use testing::cose::{Cbor, NULL, head, sign1};

use super::changes::{MALFORMED, byte_string, bytes, content, draft, elements, long, protect, tag, unprotected};
use crate::differential::Expected::{Accepted, OnlyWeAccept, Refused};
use crate::differential::case::{Case, seconds};
use crate::differential::names::{AGENT, EXPIRY};
use crate::differential::rules::COSE_ENCODING;

pub(super) fn forms() -> Vec<Case> {
    let tag_missing = "it does not have the tag";
    vec![
        bytes("an untagged COSE_Sign1", Refused(tag_missing), |bytes| bytes[1..].to_vec()),
        bytes("the tag of COSE_Sign", Refused(tag_missing), |bytes| [&[0xd8, 98][..], &bytes[1..]].concat()),
        bytes("the tag of COSE_Mac0", Refused(tag_missing), |bytes| [&[0xd1][..], &bytes[1..]].concat()),
        bytes("the tag twice", Refused("is an array"), |bytes| [&[0xd2][..], &bytes].concat()),
        bytes("the tag of self-described CBOR", Refused(tag_missing), |bytes| {
            [&[0xd9, 0xd9, 0xf7][..], &bytes].concat()
        }),
        bytes("the tag of a CWT", Refused(tag_missing), |bytes| [&[0xd8, 61][..], &bytes].concat()),
        bytes("the tag in two bytes", OnlyWeAccept(COSE_ENCODING), |bytes| [&[0xd8, 18][..], &bytes[1..]].concat()),
        bytes("a byte string around the envelope", Refused(tag_missing), |bytes| Cbor::Bytes(bytes).encode()),
        bytes("a byte after the envelope", Refused("follow the CBOR"), |bytes| [&bytes[..], &[0]].concat()),
        bytes("the envelope twice", Refused("follow the CBOR"), |bytes| bytes.repeat(2)),
        bytes("an envelope cut short", Refused(MALFORMED), |bytes| bytes[..bytes.len() - 1].to_vec()),
        bytes("no envelope", Refused(MALFORMED), |_| Vec::new()),
        bytes("an empty array", Refused("exactly four"), |_| sign1([])),
        bytes("an empty map", Refused(tag_missing), |_| vec![0xa0]),
        bytes("JSON", Refused("CBOR"), |_| b"{}".to_vec()),
        bytes("an array in more bytes than necessary", OnlyWeAccept(COSE_ENCODING), |bytes| {
            [&[0xd2, 0x98, 4][..], &bytes[2..]].concat()
        }),
        bytes("an array of indefinite length", OnlyWeAccept(COSE_ENCODING), |bytes| {
            [&[0xd2, 0x9f][..], &bytes[2..], &[0xff]].concat()
        }),
        bytes("a fifth element", Refused("exactly four"), |bytes| [&[0xd2, 0x85][..], &bytes[2..], &[0xf6]].concat()),
        bytes("an array that says three elements", Refused("exactly four"), |bytes| {
            [&[0xd2, 0x83][..], &bytes[2..]].concat()
        })
        .bytes(|bytes| {
            // Without the signature, which is the last element.
            let end = bytes.len() - 64 - 2;
            [&[0xd2, 0x83][..], &bytes[2..end]].concat()
        }),
        elements("no payload (detached)", Refused("detached"), |elements| elements[2] = NULL),
        elements("an undefined payload", Refused("payload must be"), |elements| elements[2] = Cbor::Simple(23)),
        elements("an empty payload", Refused("payload is missing"), |elements| elements[2] = Cbor::Bytes(vec![])),
        elements("a payload as text", Refused("payload must be"), |elements| {
            elements[2] = Cbor::Text(String::from_utf8(content(&elements[2])).unwrap());
        }),
        elements("a tagged payload", Refused("payload must be"), |elements| elements[2] = tag(24, elements[2].clone())),
        elements("a signature as text", Refused("signature must be"), |elements| elements[3] = "x".into()),
        elements("a null signature", Refused("signature must be"), |elements| elements[3] = NULL),
        elements("signatures in an array", Refused("signature must be"), |elements| {
            elements[3] = Cbor::Array(vec![elements[3].clone()]);
        }),
        elements("a null unprotected header", Refused("unprotected must be"), |elements| elements[1] = NULL),
        elements("an unprotected header as a byte string", Refused("unprotected must be"), |elements| {
            elements[1] = Cbor::Bytes(elements[1].encode());
        }),
        elements("a protected header as a map", Refused("protected must be"), |elements| {
            elements[0] = Cbor::Raw(content(&elements[0]));
        }),
        elements("no protected header", Refused("is missing"), |elements| elements[0] = Cbor::Bytes(vec![])),
        elements("an empty protected header", Refused("is missing"), |elements| elements[0] = Cbor::Bytes(vec![0xa0])),
        elements("strings in parts", OnlyWeAccept(COSE_ENCODING), |elements| {
            for position in [0, 2, 3] {
                elements[position] = Cbor::in_parts(&content(&elements[position]));
            }
        }),
        elements("long lengths", Accepted, |elements| {
            // notation signs and verifies the head of the protected header's string as it is.
            for position in [2, 3] {
                elements[position] = long(&elements[position]);
            }
        }),
        elements("a long length of the protected header", Accepted, |elements| elements[0] = long(&elements[0])),
        elements("an unprotected header of indefinite length", OnlyWeAccept(COSE_ENCODING), |elements| {
            let Cbor::Map(entries) = &elements[1] else { panic!() };
            let entries: Vec<u8> = entries.iter().flat_map(|(k, v)| [k.encode(), v.encode()].concat()).collect();
            elements[1] = Cbor::Raw([vec![0xbf], entries, vec![0xff]].concat());
        }),
        elements("an unprotected header in another order", Accepted, |elements| {
            let Cbor::Map(entries) = &mut elements[1] else { panic!() };
            entries.reverse();
        }),
        draft("a protected header in another order", Accepted, |mut draft| {
            draft.protected.reverse();
            draft
        }),
        draft("a protected header of indefinite length", OnlyWeAccept(COSE_ENCODING), |mut draft| {
            let entries: Vec<u8> =
                draft.protected.iter().flat_map(|(k, v)| [k.encode(), v.encode()].concat()).collect();
            draft.protected_bytes = Some([vec![0xbf], entries, vec![0xff]].concat());
            draft
        }),
        draft("a label in more bytes than necessary", Accepted, |mut draft| {
            draft.protected[0].0 = Cbor::Raw(vec![0x18, 1]);
            draft
        }),
        draft("bytes after the protected header", Refused("follow the CBOR"), |mut draft| {
            draft.protected_bytes = Some([draft.protected_bytes(), vec![0]].concat());
            draft
        }),
        draft("an array for the protected header", Refused("protected must be"), |mut draft| {
            draft.protected_bytes = Some(Cbor::Array(vec![Cbor::Map(draft.protected.clone())]).encode());
            draft
        }),
        draft("a label twice", Refused("twice"), |mut draft| {
            draft.protected.push(draft.protected[0].clone());
            draft
        }),
        draft("a label twice, once in more bytes", Refused("twice"), |mut draft| {
            draft.protected.push((Cbor::Raw(vec![0x18, 1]), (-7).into()));
            draft
        }),
        draft("a name twice", Refused("twice"), |mut draft| {
            draft.protected.push((EXPIRY.into(), Cbor::time(seconds(7200))));
            draft
        }),
        draft("an unprotected label twice", Refused("twice"), |mut draft| {
            draft.unprotected.push((AGENT.into(), "other/1".into()));
            draft
        }),
        protect("a key twice in a value", Refused("twice"), "com.example.x", {
            Cbor::Map(vec![("a".into(), 1.into()), ("a".into(), 2.into())])
        }),
        protect("a label that is a byte string", Refused("is not a label"), byte_string("x"), 1),
        protect("a label that is null", Refused("is not a label"), NULL, 1),
        protect("a label that is a float", Refused("is not a label"), Cbor::Float(1.0), 1),
        unprotected("an unprotected label that is a byte string", Refused("is not a label"), byte_string("x"), 1),
        protect("a value nested 100 levels", OnlyWeAccept(COSE_ENCODING), "com.example.x", {
            Cbor::Raw([vec![0x81; 100], vec![0x80]].concat())
        }),
        protect("a value nested 1000 levels", Refused("nested deeper"), "com.example.x", {
            Cbor::Raw([vec![0x81; 1000], vec![0x80]].concat())
        }),
        protect("text that is not UTF-8", Refused(MALFORMED), "com.example.x", Cbor::Raw(vec![0x62, 0xc3, 0x28])),
        protect("a simple value in two bytes", Refused(MALFORMED), "com.example.x", Cbor::Raw(vec![0xf8, 0x14])),
        bytes("a length that is not there", Refused(MALFORMED), |_| [vec![0xd2, 0x84], head(2, u64::MAX)].concat()),
    ]
}
