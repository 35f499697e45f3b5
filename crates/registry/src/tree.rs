//! An index with all the manifests in it, and in the indexes in it: image-spec, `image-index.md`.

use std::collections::HashSet;

use notary::Descriptor;
use notary::links::Links;
use notary::media_type::is_index;
use notary::reference::{Tag, Target};

use super::store::{Store, StoreError};

/// How deep indexes in indexes are followed.
const MAX_DEPTH: usize = 4;

impl Store {
    /// How many manifests an artifact may have, with those in its indexes, where nothing else is said.
    pub const MAX_MANIFESTS: usize = 1000;

    /// The manifests that an index lists, in its order; none for an image. At most a thousand are read.
    ///
    /// # Errors
    /// [`StoreError`] when the index cannot be read.
    pub async fn children(&self, stored: &Descriptor) -> Result<Vec<Descriptor>, StoreError> {
        if is_index(&stored.media_type) { Ok(self.linked(stored).await?.1.manifests) } else { Ok(Vec::new()) }
    }

    /// An artifact with every manifest that it leads to, each once, an index after all that it lists.
    ///
    /// # Errors
    /// [`StoreError`] when an index cannot be read; [`StoreError::is_too_many`] when there are more than `most` manifests.
    pub async fn tree(&self, root: &Descriptor, most: usize) -> Result<Vec<Descriptor>, StoreError> {
        let too_large = || StoreError::TooLarge { root: root.digest.clone(), most, depth: MAX_DEPTH };
        let mut seen = HashSet::from([root.digest.clone()]);
        let mut found = Vec::new();
        // What is still to be listed, each with the depth that it is at and whether what it leads to is listed already.
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

    /// A manifest with what it refers to.
    pub async fn linked(&self, stored: &Descriptor) -> Result<(Vec<u8>, Links), StoreError> {
        let bytes = self.manifest(stored).await?;
        let links = Links::read(&stored.media_type, &bytes);
        let links = links.map_err(|source| StoreError::Manifest { digest: stored.digest.clone(), source })?;
        Ok((bytes, links))
    }

    /// Writes a manifest of another store as it is, and lists it among the referrers of its subject. What it refers to must be
    /// there before.
    pub async fn put_linked(&self, stored: &Descriptor, bytes: &[u8], links: &Links) -> Result<(), StoreError> {
        let referrer = links.referrer.as_ref();
        match self {
            Self::Layout(layout) => {
                let artifact_type = referrer.and_then(|referrer| referrer.artifact_type.as_deref());
                layout.list(stored, bytes, artifact_type, None)?;
            }
            Self::Remote(repository) => repository.push_listed(stored, bytes, referrer).await?,
        }
        Ok(())
    }

    /// Gives a manifest that is there a tag, unless it has it: some registries let no tag be written again.
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
                layout.list(stored, bytes, None, Some(tag.as_str()))?;
            }
            Self::Remote(repository) => {
                repository.push_manifest(&stored.media_type, bytes, Some(&target)).await?;
            }
        }
        Ok(())
    }
}
