//! Manifests of an index that are left out of a copy, because they refer to an artifact outside of it: the destination
//! would list them beside that artifact, where too many signatures stop every verification.

use std::collections::HashSet;

use notary::links::Links;
use notary::media_type::is_manifest;
use notary::{Descriptor, Digest, ReasonCode};
use registry::Store;

use super::{Copy, CopyError};

impl Copy<'_> {
    /// Does not write a manifest that refers to another artifact, and notes that. A layout gets its content, which it
    /// does not list: the next copy needs it to leave it out again.
    pub(super) async fn leave_out(
        &mut self,
        stored: Descriptor,
        subject: Digest,
        bytes: &[u8],
    ) -> Result<(), CopyError> {
        if matches!(self.destination, Store::Layout(_)) {
            self.destination.put_as_blob(&stored, bytes).await?;
        }
        self.copied.referrers_of_others.push((stored, subject));
        Ok(())
    }

    /// The manifests of an index that are left out; `None` if it is complete.
    pub(super) fn left_out_of(&self, links: &Links) -> Option<Vec<Descriptor>> {
        let left_out: HashSet<_> = self.copied.referrers_of_others.iter().map(|(stored, _)| &stored.digest).collect();
        let children = links.manifests.iter().chain(&links.others);
        let missing: Vec<_> = children.filter(|child| left_out.contains(&child.digest)).cloned().collect();
        if missing.is_empty() { None } else { Some(missing) }
    }

    /// Writes an index without some of its manifests. If the destination insists on them, it gets their content as
    /// blobs: it lists no blob beside an artifact.
    pub(super) async fn incomplete_index(
        &mut self,
        stored: &Descriptor,
        bytes: &[u8],
        links: &Links,
        missing: Vec<Descriptor>,
    ) -> Result<(), CopyError> {
        match self.destination.put_linked_once(stored, bytes, links).await {
            Err(why) if why.lacks_parts() || matches!(why.code(), ReasonCode::Protocol | ReasonCode::NotFound) => {
                tracing::debug!(%why, "writing the manifests that are left out as blobs");
            }
            result => return Ok(result?),
        }
        for child in &missing {
            let content = match is_manifest(&child.media_type) {
                true => Some(self.source.manifest(child).await?),
                false => self.source.unknown_manifest(child).await?,
            };
            if let Some(content) = content {
                self.destination.put_as_blob(child, &content).await?;
            }
        }
        match self.destination.put_linked_once(stored, bytes, links).await {
            Err(source) if source.lacks_parts() => Err(CopyError::NeedsLeftOut {
                index: stored.digest.clone(),
                missing: missing.into_iter().map(|child| child.digest).collect(),
                source: Box::new(source),
            }),
            result => Ok(result?),
        }
    }

    /// Whether a subject is part of the copy. A manifest of the artifact is not, if it is left out for its own subject.
    pub(super) async fn is_copied(&mut self, subject: &Digest) -> Result<bool, CopyError> {
        let mut next = subject.clone();
        // Digests have no cycles: the chain of subjects ends.
        loop {
            if next == self.copied.artifact.digest || self.without_subject.contains(&next) {
                return Ok(true);
            }
            let Some(stored) = self.tree.get(&next) else { return Ok(false) };
            match self.source.linked(stored).await?.1.referrer {
                Some(referrer) => next = referrer.subject.digest,
                None => {
                    self.without_subject.insert(next);
                    return Ok(true);
                }
            }
        }
    }
}
