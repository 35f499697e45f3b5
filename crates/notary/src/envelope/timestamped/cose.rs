//! The COSE form: a byte string in the unprotected header.
//!
//! An item of CBOR has several encodings, and an envelope may use any of them. Everything but the timestamp is copied
//! byte for byte, so that the signature covers the same bytes as before.

use std::ops::Range;

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

use crate::cbor::{self, CborError, Item};
use crate::envelope::cose::written;
use crate::envelope::header::TIMESTAMP_SIGNATURE;

/// Returns a `COSE_Sign1_Tagged` with this timestamp. The envelope must be well-formed.
pub(super) fn with_timestamp(envelope: &[u8], token: &[u8]) -> Result<Vec<u8>, CborError> {
    let malformed =
        |why: Error| CborError::Malformed { position: why.position().unwrap_or_default(), why: why.to_string() };
    let map = UnprotectedHeader::find(envelope).map_err(malformed)?;
    let mut old = None;
    for (key, entry) in map.entries {
        let name = cbor::parse(envelope.get(key).unwrap_or_default())?;
        if matches!(name, Item::Text(name) if name == TIMESTAMP_SIGNATURE) {
            old = Some(entry);
        }
    }
    let new = written(|encoder| encoder.str(TIMESTAMP_SIGNATURE)?.bytes(token)?.ok());
    let mut stamped = envelope.to_vec();
    match (old, map.length) {
        (Some(old), _) => drop(stamped.splice(old, new)),
        // An indefinite length does not change.
        (None, None) => drop(stamped.splice(map.end..map.end, new)),
        (None, Some(length)) => {
            // The head comes before the end: what is behind it moves last.
            stamped.splice(map.end..map.end, new);
            stamped.splice(map.head, written(|encoder| encoder.map(length + 1)?.ok()));
        }
    }
    Ok(stamped)
}

/// Where the parts of the unprotected header are in an envelope.
struct UnprotectedHeader {
    /// The head of the map, which has its length.
    head: Range<usize>,
    /// The number of entries, or `None` for an indefinite length.
    length: Option<u64>,
    /// Each key, and each entry with its key.
    entries: Vec<(Range<usize>, Range<usize>)>,
    /// Where the last entry ends.
    end: usize,
}

impl UnprotectedHeader {
    /// Finds the header: the second element of the array in the tag.
    fn find(envelope: &[u8]) -> Result<Self, Error> {
        let mut input = Decoder::new(envelope);
        input.tag()?;
        input.array()?;
        input.skip()?;
        let start = input.position();
        let length = input.map()?;
        let head = start..input.position();
        let mut entries = Vec::new();
        while match length {
            Some(length) => (entries.len() as u64) < length,
            None => input.datatype()? != Type::Break,
        } {
            let start = input.position();
            input.skip()?;
            let key = start..input.position();
            input.skip()?;
            entries.push((key, start..input.position()));
        }
        Ok(Self { head, length, entries, end: input.position() })
    }
}
