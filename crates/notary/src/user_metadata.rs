//! User metadata: what a signer adds to the signed payload as annotations of its descriptor.
//! `signature-specification.md`, "Payload", and notation's `--user-metadata`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The prefix of annotations that belong to the Notary Project.
const RESERVED_PREFIX: &str = "io.cncf.notary";

/// Whether the Notary Project reserves this annotation.
#[must_use]
pub fn is_reserved_annotation(key: &str) -> bool {
    key.starts_with(RESERVED_PREFIX)
}

/// Invalid user metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserMetadataError {
    /// The key is reserved.
    #[error("the metadata key {0:?} is reserved: {RESERVED_PREFIX} belongs to the Notary Project")]
    Reserved(String),
    /// A key has two values.
    #[error("the metadata key {key:?} is given twice; its first value is {first:?}")]
    Duplicate {
        /// The key.
        key: String,
        /// Its first value.
        first: String,
    },
    /// A key is empty.
    #[error("a metadata key is empty")]
    EmptyKey,
}

/// Keys and values that a signer adds to the payload, or that a verifier requires in it. No key is empty or reserved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserMetadata(BTreeMap<String, String>);

impl UserMetadata {
    /// Creates user metadata from pairs of a key and a value.
    ///
    /// # Errors
    /// Returns [`UserMetadataError`] if a key is empty, reserved or given twice.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, UserMetadataError> {
        let mut metadata = BTreeMap::new();
        for (key, value) in pairs {
            if key.is_empty() {
                return Err(UserMetadataError::EmptyKey);
            }
            if is_reserved_annotation(&key) {
                return Err(UserMetadataError::Reserved(key));
            }
            match metadata.entry(key) {
                Entry::Vacant(entry) => entry.insert(value),
                Entry::Occupied(entry) => {
                    let (key, first) = entry.remove_entry();
                    return Err(UserMetadataError::Duplicate { key, first });
                }
            };
        }
        Ok(Self(metadata))
    }

    /// Whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the pairs in the order of their keys.
    #[must_use]
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Returns the pairs as annotations.
    #[must_use]
    pub fn into_annotations(self) -> BTreeMap<String, String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(pairs: &[(&str, &str)]) -> Result<UserMetadata, UserMetadataError> {
        UserMetadata::from_pairs(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn accepts_distinct_keys_and_any_values() {
        let pairs = metadata(&[("commit", "4f1c"), ("empty", ""), ("io.cncf", "x")]);
        assert_eq!(pairs.map(|pairs| pairs.as_map().len()), Ok(3));
    }

    #[test]
    fn rejects_reserved_duplicate_and_empty_keys() {
        assert_eq!(metadata(&[("io.cncf.notary.x", "1")]), Err(UserMetadataError::Reserved("io.cncf.notary.x".into())));
        let twice = metadata(&[("a", "1"), ("a", "2")]);
        assert_eq!(twice, Err(UserMetadataError::Duplicate { key: "a".into(), first: "1".into() }));
        assert_eq!(metadata(&[("", "1")]), Err(UserMetadataError::EmptyKey));
    }
}
