//! The header parameters of one bucket, protected or unprotected: RFC 9052, section 3.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::label::{IV, KEY_ID, PARTIAL_IV};
use crate::cbor::{self, CborError, Item};
use crate::envelope::AttributeError;
use crate::text::start_of;

/// The parameters by their labels. The reader of CBOR has refused a label that occurs twice.
pub(super) struct Header<'a> {
    pub(super) labels: BTreeMap<i128, Item<'a>>,
    pub(super) names: BTreeMap<Cow<'a, str>, Item<'a>>,
}

impl<'a> Header<'a> {
    /// Parses the protected bucket, a map inside a byte string. An empty string is an empty map.
    pub(super) fn of_bytes(bytes: &'a [u8]) -> Result<Self, CborError> {
        if bytes.is_empty() {
            return Self::of_map(BTreeMap::new());
        }
        match cbor::parse(bytes)? {
            Item::Map(map) => Self::of_map(map),
            other => Err(other.wrong("protected", "a map")),
        }
    }

    pub(super) fn of_map(map: BTreeMap<Item<'a>, Item<'a>>) -> Result<Self, CborError> {
        let mut header = Self { labels: BTreeMap::new(), names: BTreeMap::new() };
        for (label, value) in map {
            match label {
                Item::Integer(label) => drop(header.labels.insert(label, value)),
                Item::Text(name) => drop(header.names.insert(name, value)),
                other => return Err(CborError::Label(other.shown())),
            }
        }
        for (label, name) in [(KEY_ID, "kid (4)"), (IV, "IV (5)"), (PARTIAL_IV, "Partial IV (6)")] {
            match header.labels.get(&label) {
                None | Some(Item::Bytes(_)) => {}
                Some(other) => return Err(other.wrong(name, "a byte string")),
            }
        }
        Ok(header)
    }

    /// Takes the text with this name, if the header has it.
    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>, CborError> {
        match self.names.remove(name) {
            None => Ok(None),
            Some(Item::Text(text)) => Ok(Some(text.into_owned())),
            Some(other) => Err(other.wrong(start_of(name), "text")),
        }
    }

    /// Takes the byte string with this name, if the header has it.
    pub(super) fn optional_bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, CborError> {
        match self.names.remove(name) {
            None => Ok(None),
            Some(Item::Bytes(bytes)) => Ok(Some(bytes.into_owned())),
            Some(other) => Err(other.wrong(start_of(name), "a byte string")),
        }
    }
}

/// "The 'Initialization Vector' and 'Partial Initialization Vector' header parameters MUST NOT both be present in the
/// same security layer": RFC 9052, section 3.1.
pub(super) fn refuse_two_ivs(protected: &Header<'_>, unprotected: &Header<'_>) -> Result<(), AttributeError> {
    let has = |label| protected.labels.contains_key(&label) || unprotected.labels.contains_key(&label);
    if has(IV) && has(PARTIAL_IV) { Err(AttributeError::TwoIvs) } else { Ok(()) }
}
