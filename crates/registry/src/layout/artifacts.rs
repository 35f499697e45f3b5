//! Finding the artifacts of a layout by tag or digest, and their signatures.

use std::collections::HashSet;

use notary::links::Links;
use notary::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, Manifest};
use notary::media_type::is_index;
use notary::reference::Target;
use notary::{Descriptor, Digest};

use super::{Layout, MAX_MANIFEST, TAG};
use crate::error::LayoutError;

impl Layout {
    /// The descriptor of the artifact with this tag or digest. Its content is read and checked against the digest.
    ///
    /// # Errors
    /// Returns [`LayoutError::NotFound`] if there is no such artifact, [`LayoutError::Ambiguous`] if there are several,
    /// and [`LayoutError::Content`] or [`LayoutError::Io`] if the content is missing or differs from the index entry.
    pub fn resolve(&self, target: &Target) -> Result<Descriptor, LayoutError> {
        let is_meant = |entry: &Descriptor| match target {
            Target::Digest(digest) => entry.digest == *digest,
            Target::Tag(tag) => Self::tag_of(entry) == Some(tag.as_str()),
        };
        let path = self.root.clone();
        let reference = target.to_string();
        let entries = self.entries()?;
        let mut meant = entries.iter().filter(|entry| is_meant(entry)).cloned();
        let Some(found) = meant.next() else {
            let tags = entries.iter().filter_map(Self::tag_of).map(str::to_owned).collect();
            return Err(LayoutError::NotFound { path, reference, tags });
        };
        if meant.any(|other| !other.is_same_content(&found)) {
            return Err(LayoutError::Ambiguous { path, reference });
        }
        self.blob(&found, MAX_MANIFEST)?;
        Ok(Descriptor { annotations: [].into(), artifact_type: None, ..found })
    }

    /// The artifacts that the index lists: manifests that have no subject and, unless they have a tag, are not part of
    /// a listed index (such as the images of a multi-platform image). The annotations have the tag.
    ///
    /// # Errors
    /// Returns [`LayoutError`] if the index, or a manifest that it lists, cannot be read.
    pub fn artifacts(&self) -> Result<Vec<Descriptor>, LayoutError> {
        let entries = self.entries()?;
        let mut artifacts = Vec::new();
        let parts: HashSet<Digest> = entries.iter().flat_map(|entry| self.parts_of(entry)).collect();
        for entry in entries {
            if parts.contains(&entry.digest) && Self::tag_of(&entry).is_none() {
                continue;
            }
            let is_referrer = || Ok::<_, LayoutError>(self.manifest(&entry)?.subject.is_some());
            if entry.media_type != IMAGE_MANIFEST_MEDIA_TYPE || !is_referrer()? {
                artifacts.push(entry);
            }
        }
        Ok(artifacts)
    }

    /// The manifests that an artifact lists if it is an index. An unreadable index counts as empty, so that it hides no
    /// artifact.
    fn parts_of(&self, artifact: &Descriptor) -> Vec<Digest> {
        if !is_index(&artifact.media_type) {
            return Vec::new();
        }
        let bytes = self.blob(artifact, MAX_MANIFEST).unwrap_or_default();
        let parts = Links::read(&artifact.media_type, &bytes).unwrap_or_default().manifests;
        parts.into_iter().map(|part| part.digest).collect()
    }

    /// The tag of an artifact that [`Self::artifacts`] lists.
    #[must_use]
    pub fn tag_of(artifact: &Descriptor) -> Option<&str> {
        artifact.annotations.get(TAG).map(String::as_str)
    }

    /// Reads the manifest with this descriptor.
    ///
    /// # Errors
    /// Returns [`LayoutError`] if the manifest is missing, does not match the descriptor, or is malformed.
    pub fn manifest(&self, stored: &Descriptor) -> Result<Manifest, LayoutError> {
        let bytes = self.blob(stored, MAX_MANIFEST)?;
        Manifest::parse(&bytes).map_err(|source| LayoutError::Manifest { path: self.blob_path(&stored.digest), source })
    }

    /// The index entries whose manifests are signatures of `subject`, in the order of the index, each manifest once.
    ///
    /// # Errors
    /// Returns [`LayoutError`] if the index, or any manifest that it lists, cannot be read: an unreadable manifest
    /// could be a signature. Returns [`LayoutError::TooMany`] if there are more than `most` signatures.
    pub(crate) fn list_signatures(&self, subject: &Digest, most: usize) -> Result<Vec<Descriptor>, LayoutError> {
        let mut signatures = Vec::new();
        let mut read = HashSet::new();
        for entry in self.entries()? {
            // An index of a few MiB can list a large manifest many thousand times.
            if entry.media_type != IMAGE_MANIFEST_MEDIA_TYPE || !read.insert(entry.digest.clone()) {
                continue;
            }
            let manifest = self.manifest(&entry)?;
            if manifest.is_signature() && manifest.subject.as_ref().is_some_and(|s| s.digest == *subject) {
                if signatures.len() == most {
                    return Err(LayoutError::TooMany { path: self.root.clone(), most });
                }
                signatures.push(entry);
            }
        }
        Ok(signatures)
    }
}
