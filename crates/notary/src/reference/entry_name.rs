//! Names of artifacts in image layouts: image-spec, `annotations.md`, `org.opencontainers.image.ref.name`.

use std::fmt;
use std::str::FromStr;

use super::{ReferenceError, Tag};

/// The longest name, in bytes.
const MAX_NAME: usize = 1024;

/// The name of an artifact in a layout: a tag, or a whole reference as skopeo, buildx and bazel write it. Wider than
/// the grammar of the specification, which lacks some tags.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryName(String);

impl EntryName {
    /// The name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as a tag, if registries take it for one.
    #[must_use]
    pub fn to_tag(&self) -> Option<Tag> {
        self.0.parse().ok()
    }
}

impl From<&Tag> for EntryName {
    fn from(tag: &Tag) -> Self {
        Self(tag.as_str().to_owned())
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EntryName {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let valid = text.len() <= MAX_NAME
            && text.bytes().next().is_some_and(word)
            && text.bytes().all(|b| word(b) || b".-:@+/".contains(&b));
        if valid { Ok(Self(text.to_owned())) } else { Err(ReferenceError::EntryName(text.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn names_are_tags_or_whole_references() {
        for (text, is_tag) in [
            ("v1", true),
            ("_x", true),
            ("1.0-rc.1", true),
            ("docker.io/library/alpine:3.20", false),
            ("localhost:5000/a/b:v1", false),
            ("v1+build.7", false),
            ("a@sha256:00", false),
            ("a--b", true),
        ] {
            let name: EntryName = text.parse().unwrap();
            assert_eq!((name.as_str(), name.to_tag().is_some()), (text, is_tag));
        }
        for text in ["", "-x", ".x", "/x", ":x", "a b", "a\u{1b}b", "ä", "a\\b", &"x".repeat(1025)] {
            assert!(text.parse::<EntryName>().is_err(), "{text:?}");
        }
    }
}
