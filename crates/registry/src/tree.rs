//! Walking an index and the indexes nested in it: image-spec, `image-index.md`.

use std::collections::HashSet;

use notary::Descriptor;
use notary::links::Links;
use notary::media_type::is_index;
use notary::reference::{Tag, Target};

use super::content::Content;
use super::error::StoreError;
use super::store::Store;

/// The deepest nesting of indexes that is followed.
const MAX_DEPTH: usize = 4;

impl Store {
    /// The default limit of manifests of one artifact, including those in its indexes.
    pub const MAX_MANIFESTS: usize = 1000;

    /// The manifests that an index lists, in its order; empty for an image. At most 1000 are read.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the index cannot be read or has more manifests.
    pub async fn children(&self, stored: &Descriptor) -> Result<Vec<Descriptor>, StoreError> {
        if is_index(&stored.media_type) { Ok(self.linked(stored).await?.1.manifests) } else { Ok(Vec::new()) }
    }

    /// An artifact and all manifests below it, each once. An index comes after the manifests that it lists.
    ///
    /// # Errors
    /// Returns [`StoreError`] if an index cannot be read, or if there are more than `most` manifests
    /// ([`StoreError::is_too_many`]).
    pub async fn tree(&self, root: &Descriptor, most: usize) -> Result<Vec<Descriptor>, StoreError> {
        let too_large = || StoreError::TooLarge { root: root.digest.clone(), most, depth: MAX_DEPTH };
        let mut seen = HashSet::from([root.digest.clone()]);
        let mut found = Vec::new();
        // Depth-first: each entry has its depth, and whether its children were pushed already.
        let mut open = vec![(root.clone(), 0, false)];
        while let Some((next, depth, is_complete)) = open.pop() {
            if is_complete || !is_index(&next.media_type) {
                found.push(next);
                continue;
            }
            if depth == MAX_DEPTH {
                return Err(too_large());
            }
            let children = self.children(&next).await?;
            open.push((next, depth, true));
            for child in children.into_iter().rev().filter(|child| seen.insert(child.digest.clone())) {
                open.push((child, depth + 1, false));
            }
            if seen.len() > most {
                return Err(too_large());
            }
        }
        Ok(found)
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
        let referrer = links.referrer.as_ref();
        match self {
            Self::Layout(layout) => {
                let artifact_type = referrer.and_then(|referrer| referrer.artifact_type.as_deref());
                layout.list(stored, bytes, artifact_type, None).await?;
            }
            Self::Remote(repository) => repository.push_listed(stored, bytes, referrer).await?,
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
