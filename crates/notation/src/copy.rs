//! Copying an artifact with all its content and signatures from one store to another, with unchanged digests:
//! distribution-spec, "Push"; `signature-specification.md`, "Storage".
//!
//! Content is written before the manifest that refers to it, and signatures before the tag: the tag never resolves to
//! an incomplete copy.

use std::collections::HashSet;
use std::sync::Arc;

use notary::reference::{Tag, Target};
use notary::{Descriptor, Digest, ReasonCode};
use registry::{Store, StoreError, Transferred};
use tokio::task::JoinSet;

/// Why an artifact was not copied. The destination has the parts that were written before, but not the tag.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Reading from the source or writing to the destination failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A transfer ended without a result.
    #[error("copying a blob was interrupted: {0}; try again")]
    Interrupted(String),
}

/// Limits of a copy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CopyOptions {
    /// The limit of manifests of the artifact, including those in its indexes.
    pub most_manifests: usize,
    /// The limit of signatures per manifest.
    pub most_signatures: usize,
    /// The number of blobs copied in parallel.
    pub parallel: usize,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self { most_manifests: Store::MAX_MANIFESTS, most_signatures: 100, parallel: 4 }
    }
}

/// A step of a copy, for showing progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyEvent {
    /// This number of bytes of blobs was copied. Bytes that a retry copies again count again.
    Bytes(u64),
    /// The destination has this blob.
    Blob(Descriptor, Transferred),
    /// The destination has this manifest.
    Manifest(Descriptor),
}

/// A callback for the steps of a copy, called from several tasks in parallel.
pub type Progress = Arc<dyn Fn(CopyEvent) + Send + Sync>;

/// The result of a copy.
#[derive(Debug)]
#[non_exhaustive]
pub struct Copied {
    /// The artifact.
    pub artifact: Descriptor,
    /// Its manifests, including its own, each after the manifests that it refers to.
    pub manifests: Vec<Descriptor>,
    /// The signatures of all these manifests.
    pub signatures: Vec<Descriptor>,
    /// The blobs, and how each got into the destination.
    pub blobs: Vec<(Descriptor, Transferred)>,
    /// Foreign layers, which are not copied: clients download them from the URLs in the manifest.
    pub left_out: Vec<Descriptor>,
    /// Listed signatures that are missing or not signatures, with the reason.
    pub unreadable: Vec<(Descriptor, StoreError)>,
}

/// Copies an artifact with the signatures of all its manifests. Other referrers are not copied.
///
/// # Errors
/// Returns [`CopyError`] if content cannot be read or written, or does not match its descriptor.
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
    /// The blobs that are copied already or being copied.
    blobs: HashSet<Digest>,
    copied: Copied,
}

/// Whether a listed signature that cannot be read is certainly not one. Others could be signatures that a retry or
/// other credentials can read.
fn is_no_signature(code: ReasonCode) -> bool {
    use ReasonCode::{Integrity, NotFound, OtherArtifact, Protocol, WrongContent};
    matches!(code, Integrity | NotFound | OtherArtifact | Protocol | WrongContent)
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
                let source = self.source.clone();
                let destination = self.destination.clone();
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
                // Certainly not a signature; any other failure could hide one.
                Err(why) if is_no_signature(why.code()) => {
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
