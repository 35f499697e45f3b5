//! Content descriptors: OCI image-spec, `descriptor.md`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Digest;

/// An OCI content descriptor (image-spec, `descriptor.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The media type of the content.
    pub media_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The length of the content in bytes.
    pub size: u64,
    /// The artifact type, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Annotations; in a payload these are the signer's metadata.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Returns the descriptor of `content`.
    #[must_use]
    pub fn from_content(media_type: &str, content: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::sha256(content),
            size: content.len() as u64,
            artifact_type: None,
            annotations: BTreeMap::new(),
        }
    }

    /// Whether digest, size and media type are equal.
    #[must_use]
    pub fn is_same_content(&self, other: &Self) -> bool {
        (&self.digest, self.size, &self.media_type) == (&other.digest, other.size, &other.media_type)
    }
}
