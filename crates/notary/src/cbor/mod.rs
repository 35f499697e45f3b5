//! Strict reading of untrusted CBOR (RFC 8949): one well-formed data item, no key twice in a map, at most
//! [`MAX_DEPTH`] levels and [`MAX_ITEMS`] items.
//!
//! What RFC 8949 allows is read in every form: integers and lengths that are longer than necessary, keys in any order,
//! and strings, arrays and maps of indefinite length. A protocol that wants less refuses it itself.

mod item;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use item::Item;
pub(crate) use read::parse;

/// How deep arrays, maps and tags may be nested.
pub const MAX_DEPTH: usize = 128;

/// How many data items a document may have, counting each part of a string in parts. In memory an item takes up to a
/// hundred times as many bytes as in the document.
pub const MAX_ITEMS: usize = 10_000;

/// An invalid CBOR document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// Not well-formed CBOR.
    #[error("not well-formed CBOR at byte {position}: {why}")]
    Malformed {
        /// Where the data item begins that is not well-formed.
        position: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There are bytes after the data item.
    #[error("{0} bytes follow the CBOR data item")]
    Trailing(usize),
    /// A map has the same key twice.
    #[error("a map has the key {0} twice")]
    DuplicateKey(String),
    /// Arrays, maps and tags are nested deeper than [`MAX_DEPTH`] levels.
    #[error("the CBOR is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// The document has more than [`MAX_ITEMS`] data items.
    #[error("the CBOR has more than {MAX_ITEMS} data items")]
    TooMany,
    /// A required value is absent or empty.
    #[error("{0} is missing or empty")]
    Missing(String),
    /// A value has the wrong type.
    #[error("{name} must be {expected}, not {found}")]
    Type {
        /// The name of the value.
        name: String,
        /// The expected type.
        expected: &'static str,
        /// The actual type.
        found: &'static str,
    },
    /// The key of a header is neither an integer nor text.
    #[error("{0} is not a label: a label is an integer or text")]
    Label(String),
}
