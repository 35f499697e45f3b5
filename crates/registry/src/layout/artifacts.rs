//! Finding the artifacts of a layout by name or digest, and their signatures.

use std::collections::{HashMap, HashSet};

use notary::links::Links;
use notary::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, Manifest, ManifestError, SIGNATURE_MEDIA_TYPE};
use notary::media_type::is_index;
use notary::reference::{EntryName, Target};
use notary::{Descriptor, Digest, ReasonCode};

use super::reads::Reads;
use super::{Layout, MAX_MANIFEST, TAG};
use crate::error::LayoutError;

/// The most unreadable manifests that are listed because they could be signatures.
const MAX_UNREADABLE: usize = 10;

impl Layout {
    /// The descriptor of the artifact with this tag or digest. Its content is read and checked against the digest. By
    /// digest, the manifests that an index of the layout lists are found, too.
    ///
    /// # Errors
    /// Returns [`LayoutError::NotFound`] if there is no such artifact, [`LayoutError::Ambiguous`] if there are several,
    /// [`LayoutError::Index`] if the entry that is meant cannot be read, [`LayoutError::Content`] or
    /// [`LayoutError::Io`] if the content is missing or differs from the index entry, and [`LayoutError::Manifest`] if
    /// programs could read it as another type of manifest.
    pub fn resolve(&self, target: &Target) -> Result<Descriptor, LayoutError> {
        match target {
            Target::Tag(tag) => self.resolve_name(&EntryName::from(tag)),
            Target::Digest(digest) => {
                let all = self.all_entries()?;
                let entries = &all.readable;
                let mut meant: Vec<_> = entries.iter().filter(|entry| entry.digest == *digest).cloned().collect();
                if meant.is_empty() {
                    meant = self.nested(entries, digest)?;
                }
                match all.unreadable_digest(digest) {
                    Some(why) if meant.is_empty() => Err(self.unreadable_entry(why)),
                    _ => self.only(meant, entries, digest.to_string()),
                }
            }
        }
    }

    /// As [`Self::resolve`], by the name that the index gives to an artifact.
    ///
    /// # Errors
    /// Returns the errors of [`Self::resolve`].
    pub fn resolve_name(&self, name: &EntryName) -> Result<Descriptor, LayoutError> {
        let all = self.all_entries()?;
        if let Some(why) = all.unreadable_name(name.as_str()) {
            return Err(self.unreadable_entry(why));
        }
        let entries = &all.readable;
        let meant = entries.iter().filter(|entry| Self::tag_of(entry) == Some(name.as_str())).cloned().collect();
        self.only(meant, entries, name.to_string())
    }

    fn unreadable_entry(&self, why: &ManifestError) -> LayoutError {
        LayoutError::Index { path: self.index_path(), source: why.clone() }
    }

    /// The one artifact that these descriptors mean.
    fn only(
        &self,
        meant: Vec<Descriptor>,
        entries: &[Descriptor],
        reference: String,
    ) -> Result<Descriptor, LayoutError> {
        let path = self.root.clone();
        let mut meant = meant.into_iter();
        let Some(found) = meant.next() else {
            let tags = entries.iter().filter_map(Self::tag_of).map(str::to_owned).collect();
            return Err(LayoutError::NotFound { path, reference, tags });
        };
        if meant.any(|other| !other.is_same_content(&found)) {
            return Err(LayoutError::Ambiguous { path, reference });
        }
        self.manifest_bytes(&found)?;
        Ok(Descriptor { annotations: [].into(), artifact_type: None, ..found })
    }

    /// The artifacts that the index lists: manifests that have no subject and, unless they have a name, are not part of
    /// a listed index (such as the images of a multi-platform image). The annotations have the name. What cannot be
    /// read counts as an artifact, and an unreadable index as empty, so that they hide no artifact.
    ///
    /// # Errors
    /// Returns [`LayoutError`] if the index cannot be read, or its manifests are too large.
    pub fn artifacts(&self) -> Result<Vec<Descriptor>, LayoutError> {
        let entries = self.entries()?;
        let mut reads = Reads::new();
        let mut parts = HashSet::new();
        let mut referrers = HashMap::new();
        for entry in &entries {
            let bytes = match reads.manifest(self, entry) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => continue,
                Err(why @ LayoutError::TooMuch { .. }) => return Err(why),
                Err(_) => continue,
            };
            if is_index(&entry.media_type) {
                let listed = Links::read(&entry.media_type, &bytes).unwrap_or_default().manifests;
                parts.extend(listed.into_iter().map(|part| part.digest));
            } else if entry.media_type == IMAGE_MANIFEST_MEDIA_TYPE {
                let is_referrer = Manifest::parse(&bytes).is_ok_and(|manifest| manifest.subject.is_some());
                referrers.insert(entry.digest.clone(), is_referrer);
            }
        }
        let is_artifact = |entry: &Descriptor| {
            let is_part = parts.contains(&entry.digest) && Self::tag_of(entry).is_none();
            !is_part && !referrers.get(&entry.digest).copied().unwrap_or_default()
        };
        Ok(entries.into_iter().filter(is_artifact).collect())
    }

    /// The name of an artifact that [`Self::artifacts`] lists.
    #[must_use]
    pub fn tag_of(artifact: &Descriptor) -> Option<&str> {
        artifact.annotations.get(TAG).map(String::as_str)
    }

    /// Reads the image manifest with this descriptor.
    ///
    /// # Errors
    /// Returns [`LayoutError`] if the manifest is missing, does not match the descriptor, or is malformed.
    pub fn manifest(&self, stored: &Descriptor) -> Result<Manifest, LayoutError> {
        self.parse(stored, &self.manifest_bytes(stored)?)
    }

    fn parse(&self, stored: &Descriptor, bytes: &[u8]) -> Result<Manifest, LayoutError> {
        Manifest::parse(bytes).map_err(|source| LayoutError::Manifest { path: self.blob_path(&stored.digest), source })
    }

    /// The index entries whose manifests are signatures of `subject`, in the order of the index, each manifest once. A
    /// manifest that is missing is not a signature. One that cannot be read could be, and so could a malformed one that
    /// names the subject: they come last.
    ///
    /// The listing can be ended between two manifests, by dropping the future.
    ///
    /// # Errors
    /// Returns [`LayoutError`] if the index cannot be read or its manifests are too large, and [`LayoutError::TooMany`]
    /// if there are more than `most` signatures.
    pub(crate) async fn list_signatures(&self, subject: &Digest, most: usize) -> Result<Vec<Descriptor>, LayoutError> {
        let mut signatures = Vec::new();
        let mut unreadable = Vec::new();
        let mut reads = Reads::new();
        for entry in self.entries()? {
            if entry.media_type != IMAGE_MANIFEST_MEDIA_TYPE || reads.has(&entry.digest) {
                continue;
            }
            match self.subject(&mut reads, &entry).await {
                Ok(Some(signed)) if signed == *subject => {
                    if signatures.len() == most {
                        return Err(LayoutError::TooMany { path: self.root.clone(), most });
                    }
                    signatures.push(entry);
                }
                Ok(_) => {}
                Err(why @ LayoutError::TooMuch { .. }) => return Err(why),
                Err(why) => {
                    tracing::debug!(digest = %entry.digest, %why, "cannot read a manifest of the layout");
                    let counts = || match &why {
                        LayoutError::Manifest { .. } => self.names(&entry, subject),
                        why => why.code() != ReasonCode::NotFound,
                    };
                    if unreadable.len() < MAX_UNREADABLE && could_be_signature(&entry) && counts() {
                        unreadable.push(entry);
                    }
                }
            }
        }
        let listed: HashSet<_> = signatures.iter().map(|entry| entry.digest.clone()).collect();
        signatures.extend(unreadable.into_iter().filter(|entry| !listed.contains(&entry.digest)));
        Ok(signatures)
    }

    /// Whether a malformed manifest has this digest somewhere.
    fn names(&self, entry: &Descriptor, digest: &Digest) -> bool {
        let digest = digest.as_str().as_bytes();
        let bytes = self.blob(entry, MAX_MANIFEST).unwrap_or_default();
        bytes.windows(digest.len()).any(|window| window == digest)
    }

    /// The subject of the signature with this manifest; `None` if it is not a signature.
    async fn subject(&self, reads: &mut Reads, entry: &Descriptor) -> Result<Option<Digest>, LayoutError> {
        if let Some(known) = self.known_subject(&entry.digest) {
            self.check_size(entry, MAX_MANIFEST)?;
            reads.add(&entry.digest);
            return Ok(known);
        }
        tokio::task::yield_now().await;
        let Some(bytes) = reads.manifest(self, entry)? else { return Ok(None) };
        let manifest = self.parse(entry, &bytes)?;
        let subject = if manifest.is_signature() { manifest.subject.map(|subject| subject.digest) } else { None };
        self.remember_subject(entry.digest.clone(), subject.clone());
        Ok(subject)
    }
}

/// Whether an entry whose manifest cannot be read could be a signature: the index says so, or does not say what it is.
fn could_be_signature(entry: &Descriptor) -> bool {
    match entry.artifact_type.as_deref() {
        Some(artifact_type) => artifact_type == SIGNATURE_MEDIA_TYPE,
        None => Layout::tag_of(entry).is_none(),
    }
}
