//! Manifests that `index.json` does not list itself, but an index that it lists: image-spec, `image-layout.md`.

use notary::links::Links;
use notary::media_type::is_index;
use notary::{Descriptor, Digest};

use super::Layout;
use super::reads::Reads;
use crate::error::LayoutError;

/// The deepest nesting of indexes that is followed.
const MAX_DEPTH: usize = 4;

impl Layout {
    /// The descriptors of this digest in the indexes that these entries name. An index that is missing or malformed
    /// lists nothing: a layout may lack content.
    pub(super) fn nested(&self, entries: &[Descriptor], digest: &Digest) -> Result<Vec<Descriptor>, LayoutError> {
        let mut reads = Reads::new();
        let mut found = Vec::new();
        let mut open: Vec<(Descriptor, usize)> = entries.iter().cloned().map(|entry| (entry, 0)).collect();
        while let Some((next, depth)) = open.pop() {
            if !is_index(&next.media_type) || depth == MAX_DEPTH || reads.has(&next.digest) {
                continue;
            }
            let links = match reads.manifest(self, &next) {
                Ok(Some(bytes)) => Links::read(&next.media_type, &bytes).unwrap_or_default(),
                Ok(None) => continue,
                Err(why @ LayoutError::TooMuch { .. }) => return Err(why),
                Err(why) => {
                    tracing::debug!(%why, "skipped an index of the layout");
                    continue;
                }
            };
            for child in links.manifests {
                if child.digest == *digest {
                    found.push(child);
                } else {
                    open.push((child, depth + 1));
                }
            }
        }
        Ok(found)
    }
}
