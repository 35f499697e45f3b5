//! The changes that cases make to a draft, each with a name for the table.

use testing::cose::{CRIT, Cbor, CoseDraft};

use crate::differential::Expected;
use crate::differential::case::Case;

pub(super) const SIGNATURE: &str = "the signature does not verify";
pub(super) const MALFORMED: &str = "not well-formed CBOR";

pub(super) type Change = fn(CoseDraft) -> CoseDraft;

pub(super) fn draft(name: &str, expected: Expected, change: Change) -> Case {
    Case::cose(name, expected).cose_draft(change)
}

/// Another parameter of the protected header.
pub(super) fn protect(name: &str, expected: Expected, label: impl Into<Cbor>, value: impl Into<Cbor>) -> Case {
    let (label, value) = (label.into(), value.into());
    Case::cose(name, expected).cose_draft(move |draft| draft.protect(label.clone(), value.clone()))
}

/// Another critical parameter of the protected header.
pub(super) fn critical(name: &str, expected: Expected, label: impl Into<Cbor>, value: impl Into<Cbor>) -> Case {
    let (label, value) = (label.into(), value.into());
    let change = move |draft: CoseDraft| draft.protect(label.clone(), value.clone()).critical(label.clone());
    Case::cose(name, expected).cose_draft(change)
}

/// Another label in `crit`, and no parameter.
pub(super) fn listed(name: &str, expected: Expected, label: impl Into<Cbor>) -> Case {
    let label = label.into();
    Case::cose(name, expected).cose_draft(move |draft| draft.critical(label.clone()))
}

/// Another value of `crit`.
pub(super) fn crit<const N: usize>(name: &str, expected: Expected, labels: [&str; N]) -> Case {
    protect(name, expected, CRIT, Cbor::Array(labels.map(Cbor::from).into()))
}

pub(super) fn unprotected(name: &str, expected: Expected, label: impl Into<Cbor>, value: impl Into<Cbor>) -> Case {
    let (label, value) = (label.into(), value.into());
    Case::cose(name, expected).cose_draft(move |draft| draft.unprotected(label.clone(), value.clone()))
}

pub(super) fn elements(name: &str, expected: Expected, change: fn(&mut [Cbor; 4])) -> Case {
    Case::cose(name, expected).elements(change)
}

pub(super) fn bytes(name: &str, expected: Expected, change: fn(Vec<u8>) -> Vec<u8>) -> Case {
    Case::cose(name, expected).bytes(change)
}

pub(super) fn content(item: &Cbor) -> Vec<u8> {
    match item {
        Cbor::Bytes(bytes) => bytes.clone(),
        other => panic!("{other:?}"),
    }
}

/// The item with its length in eight bytes.
pub(super) fn long(item: &Cbor) -> Cbor {
    let bytes = content(item);
    Cbor::Raw([vec![0x5b], (bytes.len() as u64).to_be_bytes().to_vec(), bytes].concat())
}

pub(super) fn byte_string(text: &str) -> Cbor {
    Cbor::Bytes(text.as_bytes().to_vec())
}

pub(super) fn tag(number: u64, item: impl Into<Cbor>) -> Cbor {
    Cbor::Tag(number, Box::new(item.into()))
}
