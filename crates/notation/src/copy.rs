//! The copying flow: an artifact with everything it consists of and all its signatures, from one store to another, every digest
//! as it was. distribution-spec, "Push"; `signature-specification.md`, "Storage".
//!
//! What something refers to is written before it, signatures before the tag: nobody who asks for the tag finds a part of it.

use std::collections::HashSet;
use std::sync::Arc;

use notary::reference::{Tag, Target};
use notary::{Descriptor, Digest};
use registry::{Failure, Store, StoreError, Transferred};
use tokio::task::JoinSet;

/// Why an artifact was not copied. What was written of it already is in the destination, but without the tag.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A store did not give or take something.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A transfer ended without a result.
    #[error("the copying of a blob was interrupted: {0}; try again")]
    Interrupted(String),
}

/// Bounds of a copy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CopyOptions {
    /// The most manifests that the artifact may have, with those in its indexes.
    pub most_manifests: usize,
    /// The most signatures that one of them may have.
    pub most_signatures: usize,
    /// How many blobs are under way at once.
    pub parallel: usize,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self { most_manifests: Store::MAX_MANIFESTS, most_signatures: 100, parallel: 4 }
    }
}

/// Something that a copy did, for whoever shows its progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyEvent {
    /// So many bytes of blobs were copied. Bytes that are copied again after an interruption count again.
    Bytes(u64),
    /// The destination has this blob.
    Blob(Descriptor, Transferred),
    /// The destination has this manifest.
    Manifest(Descriptor),
}

/// Hears of what a copy does, from several tasks at once.
pub type Progress = Arc<dyn Fn(CopyEvent) + Send + Sync>;

/// What was copied.
#[derive(Debug)]
#[non_exhaustive]
pub struct Copied {
    /// The artifact.
    pub artifact: Descriptor,
    /// Its manifests, itself among them, each after what it refers to.
    pub manifests: Vec<Descriptor>,
    /// The signatures of all of these.
    pub signatures: Vec<Descriptor>,
    /// The blobs, and how each came there.
    pub blobs: Vec<(Descriptor, Transferred)>,
    /// Layers that registries need not have: who wants them takes them from the URLs in the manifest.
    pub left_out: Vec<Descriptor>,
    /// What is listed as a signature and is none, or is not there, with the reason.
    pub unreadable: Vec<(Descriptor, StoreError)>,
}

/// Copies an artifact with its signatures and those of all manifests in it. Other referrers are not copied.
///
/// # Errors
/// [`CopyError`] when something cannot be read or written, or is not what its descriptor says.
pub async fn copy_artifact(
    source: &Store,
    target: &Target,
    destination: &Store,
    tag: Option<&Tag>,
    options: &CopyOptions,
    progress: Option<Progress>,
) -> Result<Copied, CopyError> {
    let artifact = source.resolve(target).await?;
    let manifests = source.tree(&artifact, options.most_manifests).await?;
    let copied = Copied {
        artifact,
        manifests,
        signatures: Vec::new(),
        blobs: Vec::new(),
        left_out: Vec::new(),
        unreadable: Vec::new(),
    };
    let mut copy = Copy { source, destination, options, progress, blobs: HashSet::new(), copied };
    for stored in copy.copied.manifests.clone() {
        copy.manifest(&stored).await?;
    }
    for stored in copy.copied.manifests.clone() {
        copy.signatures(&stored).await?;
    }
    if let Some(tag) = tag {
        let bytes = source.manifest(&copy.copied.artifact).await?;
        destination.put_tag(&copy.copied.artifact, &bytes, tag).await?;
        tracing::info!(digest = %copy.copied.artifact.digest, tag = tag.as_str(), "tagged");
    }
    Ok(copy.copied)
}

struct Copy<'a> {
    source: &'a Store,
    destination: &'a Store,
    options: &'a CopyOptions,
    progress: Option<Progress>,
    /// The blobs that the destination has.
    blobs: HashSet<Digest>,
    copied: Copied,
}

impl Copy<'_> {
    /// Copies a manifest after its blobs.
    async fn manifest(&mut self, stored: &Descriptor) -> Result<(), CopyError> {
        let (bytes, links) = self.source.linked(stored).await?;
        self.all_blobs(&links.blobs).await?;
        self.destination.put_linked(stored, &bytes, &links).await?;
        self.copied.left_out.extend(links.foreign);
        self.tell(CopyEvent::Manifest(stored.clone()));
        Ok(())
    }

    async fn all_blobs(&mut self, blobs: &[Descriptor]) -> Result<(), CopyError> {
        let mut waiting =
            blobs.iter().filter(|blob| self.blobs.insert(blob.digest.clone())).collect::<Vec<_>>().into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.options.parallel.max(1) {
                let Some(blob) = waiting.next().cloned() else { break };
                let (source, destination) = (self.source.clone(), self.destination.clone());
                let progress = self.progress.clone();
                running.spawn(async move {
                    let passed = |bytes| {
                        if let Some(progress) = &progress {
                            progress(CopyEvent::Bytes(bytes));
                        }
                    };
                    let how = source.transfer(&destination, &blob, passed).await?;
                    Ok::<_, StoreError>((blob, how))
                });
            }
            let Some(ended) = running.join_next().await else { return Ok(()) };
            let (blob, how) = ended.map_err(|why| CopyError::Interrupted(why.to_string()))??;
            self.tell(CopyEvent::Blob(blob.clone(), how));
            self.copied.blobs.push((blob, how));
        }
    }

    async fn signatures(&mut self, subject: &Descriptor) -> Result<(), CopyError> {
        let source = self.source;
        let mut listed = source.list_signatures(subject, self.options.most_signatures).await?;
        while let Some(signature) = listed.next().await {
            match signature.manifest {
                Ok(_) => {
                    self.manifest(&signature.descriptor).await?;
                    self.copied.signatures.push(signature.descriptor);
                }
                // It is none, whoever asks and whenever; any other failure may hide one.
                Err(why) if matches!(why.failure(), Failure::Wrong | Failure::NotFound) => {
                    self.copied.unreadable.push((signature.descriptor, why));
                }
                Err(why) => return Err(why.into()),
            }
        }
        Ok(())
    }

    fn tell(&self, event: CopyEvent) {
        match &event {
            CopyEvent::Bytes(_) => {}
            CopyEvent::Blob(blob, how) => {
                tracing::info!(digest = %blob.digest, size = blob.size, ?how, "copied a blob")
            }
            CopyEvent::Manifest(manifest) => tracing::info!(digest = %manifest.digest, "copied a manifest"),
        }
        if let Some(progress) = &self.progress {
            progress(event);
        }
    }
}
