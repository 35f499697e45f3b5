//! Walking an index and the indexes nested in it: image-spec, `image-index.md`.

use std::collections::HashSet;

use notary::links::{Links, UnknownEntry, names_subject};
use notary::media_type::is_index;
use notary::reference::{Tag, Target};
use notary::{Descriptor, json};

use super::client::{MAX_MANIFEST_SIZE, WRITES};
use super::content::Content;
use super::error::StoreError;
use super::store::Store;

/// The deepest nesting of indexes that is followed.
const MAX_DEPTH: usize = 4;

/// An artifact and what its indexes list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tree {
    /// The artifact and all manifests below it. An index comes after the manifests that it lists.
    pub manifests: Vec<Descriptor>,
    /// What indexes list under media types that are not those of manifests, such as the layers of a build cache.
    pub others: Vec<Descriptor>,
    /// Of these, the entries that cannot be read.
    pub unknown: Vec<UnknownEntry>,
}

impl Tree {
    /// An artifact alone.
    #[must_use]
    pub fn of(artifact: Descriptor) -> Self {
        Self { manifests: vec![artifact], ..Self::default() }
    }
}

/// Whether content in a layout is a manifest of an unknown type rather than a blob. Content with a subject is one under
/// every media type.
fn looks_like_manifest(media_type: &str, bytes: &[u8]) -> bool {
    let Ok(mut manifest) = json::parse_object("manifest", bytes) else { return false };
    names_subject(&manifest)
        || (media_type.to_ascii_lowercase().contains("manifest") && manifest.take("schemaVersion").is_some())
}

impl Store {
    /// The default limit of manifests of one artifact, including those in its indexes.
    pub const MAX_MANIFESTS: usize = 1000;

    /// The manifests that an index lists, in its order; empty for an image. At most 1000 are read.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the index cannot be read or has more manifests.
    pub async fn children(&self, stored: &Descriptor) -> Result<Vec<Descriptor>, StoreError> {
        Ok(self.listed(stored).await?.manifests)
    }

    /// What an index lists; nothing for an image.
    async fn listed(&self, stored: &Descriptor) -> Result<Links, StoreError> {
        if is_index(&stored.media_type) { Ok(self.linked(stored).await?.1) } else { Ok(Links::default()) }
    }

    /// An artifact and all manifests below it, each once.
    ///
    /// # Errors
    /// Returns [`StoreError`] if an index cannot be read, or if there are more than `most` manifests
    /// ([`StoreError::is_too_many`]).
    pub async fn tree(&self, root: &Descriptor, most: usize) -> Result<Tree, StoreError> {
        let too_large = || StoreError::TooLarge { root: root.digest.clone(), most, depth: MAX_DEPTH };
        let mut seen = HashSet::from([root.digest.clone()]);
        let mut seen_others = HashSet::new();
        let mut tree = Tree::default();
        // Depth-first: each entry has its depth, and whether its children were pushed already.
        let mut open = vec![(root.clone(), 0, false)];
        while let Some((next, depth, is_complete)) = open.pop() {
            if is_complete || !is_index(&next.media_type) {
                tree.manifests.push(next);
                continue;
            }
            if depth == MAX_DEPTH {
                return Err(too_large());
            }
            let Links { manifests, others, unknown, .. } = self.listed(&next).await?;
            open.push((next, depth, true));
            for child in manifests.into_iter().rev().filter(|child| seen.insert(child.digest.clone())) {
                open.push((child, depth + 1, false));
            }
            tree.others.extend(others.into_iter().filter(|other| seen_others.insert(other.digest.clone())));
            tree.unknown.extend(unknown);
            if seen.len() + seen_others.difference(&seen).count() + tree.unknown.len() > most {
                return Err(too_large());
            }
        }
        // What one index lists as a manifest is a manifest, whatever another index says.
        tree.others.retain(|other| !seen.contains(&other.digest));
        Ok(tree)
    }

    /// A manifest and the content that it refers to.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the manifest cannot be read or is malformed.
    pub async fn linked(&self, stored: &Descriptor) -> Result<(Content, Links), StoreError> {
        let bytes = self.manifest(stored).await?;
        let links = Links::read(&stored.media_type, &bytes);
        let links = links.map_err(|source| StoreError::Manifest { digest: stored.digest.clone(), source })?;
        Ok((bytes, links))
    }

    /// Writes the unchanged manifest of another store, and lists it among the referrers of its subject. Content that it
    /// refers to must be written first.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the manifest or the list of referrers cannot be written.
    pub async fn put_linked(&self, stored: &Descriptor, bytes: &[u8], links: &Links) -> Result<(), StoreError> {
        self.put_linked_within(WRITES, stored, bytes, links).await
    }

    /// As [`Self::put_linked`], for a manifest that refers to content which was not written: a registry that does not
    /// find it is not asked again.
    ///
    /// # Errors
    /// Returns [`StoreError`] as [`Self::put_linked`] does.
    pub async fn put_linked_once(&self, stored: &Descriptor, bytes: &[u8], links: &Links) -> Result<(), StoreError> {
        self.put_linked_within(1, stored, bytes, links).await
    }

    async fn put_linked_within(
        &self,
        writes: u32,
        stored: &Descriptor,
        bytes: &[u8],
        links: &Links,
    ) -> Result<(), StoreError> {
        let referrer = links.referrer.as_ref();
        match self {
            Self::Layout(layout) => {
                let artifact_type = referrer.and_then(|referrer| referrer.artifact_type.as_deref());
                layout.list(stored, bytes, artifact_type, None).await?;
            }
            Self::Remote(repository) => repository.push_listed(writes, stored, bytes, referrer).await?,
        }
        Ok(())
    }

    /// A manifest of a type that this crate does not know; `None` if the store has no such manifest, but may have a
    /// blob of this digest.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the store cannot be reached, or returns other content.
    pub async fn unknown_manifest(&self, stored: &Descriptor) -> Result<Option<Content>, StoreError> {
        match self {
            // In a layout, both are blobs.
            Self::Layout(_) if stored.size > MAX_MANIFEST_SIZE => Ok(None),
            Self::Layout(layout) => {
                let bytes = layout.blob(stored, MAX_MANIFEST_SIZE)?;
                Ok(looks_like_manifest(&stored.media_type, &bytes).then(|| bytes.into()))
            }
            Self::Remote(repository) => Ok(repository.unknown_manifest(stored).await?),
        }
    }

    /// Writes the content of a manifest as a blob, under its own digest: the store does not list it as a manifest, nor
    /// beside its subject.
    ///
    /// # Errors
    /// Returns [`StoreError`] if it cannot be written.
    pub async fn put_as_blob(&self, stored: &Descriptor, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Self::Layout(layout) => layout.put_content(&stored.digest, bytes)?,
            Self::Remote(repository) => repository.upload_as(&stored.digest, bytes).await?,
        }
        Ok(())
    }

    /// Writes a manifest of a type that this crate does not know.
    ///
    /// # Errors
    /// Returns [`StoreError`] if it cannot be written.
    pub async fn put_unknown_manifest(&self, stored: &Descriptor, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Self::Layout(layout) => layout.put_content(&stored.digest, bytes)?,
            Self::Remote(repository) => {
                let target = Target::Digest(stored.digest.clone());
                repository.push_manifest(&stored.media_type, bytes, Some(&target)).await?;
            }
        }
        Ok(())
    }

    /// Tags a manifest, unless it has the tag already: registries with immutable tags reject writing a tag again.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the tag cannot be read or written.
    pub async fn put_tag(&self, stored: &Descriptor, bytes: &[u8], tag: &Tag) -> Result<(), StoreError> {
        let target = Target::Tag(tag.clone());
        match self.resolve(&target).await {
            Ok(there) if there.digest == stored.digest => return Ok(()),
            Ok(_) => {}
            Err(why) if why.is_not_found() => {}
            Err(why) => return Err(why),
        }
        match self {
            Self::Layout(layout) => {
                layout.list(stored, bytes, None, Some(tag.as_str())).await?;
            }
            Self::Remote(repository) => {
                repository.push_manifest(&stored.media_type, bytes, Some(&target)).await?;
            }
        }
        Ok(())
    }
}
