//! Copying an artifact with all its content and signatures from one store to another, with unchanged digests:
//! distribution-spec, "Push"; `signature-specification.md`, "Storage".
//!
//! Content is written before the manifest that refers to it, and signatures before the tag: the tag never resolves to
//! an incomplete copy.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use limits::Deadline;
use notary::links::Links;
use notary::manifest::SIGNATURE_MEDIA_TYPE;
use notary::reference::{Tag, Target};
use notary::{Advice, Descriptor, Digest, ReasonCode};
use registry::{Content, Store, StoreError, Transferred, Tree};
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
    /// The artifact is larger than the limit.
    #[error("{artifact} and its signatures have more than {most} bytes, the limit")]
    TooLarge {
        /// The artifact.
        artifact: Digest,
        /// The limit in bytes.
        most: u64,
    },
    /// The time limit passed.
    #[error("the copy is not complete after {} s, the time limit", .0.as_secs_f32())]
    Deadline(Duration),
    /// A manifest has more signatures in the copied index, or in all, than the limit.
    #[error("{subject} has more than {most} signatures, the limit")]
    TooManySignatures {
        /// The signed manifest.
        subject: Digest,
        /// The limit.
        most: usize,
    },
    /// The artifact is itself a signature of another artifact.
    #[error("{artifact} is a signature of {subject}, which is not copied")]
    SignatureOfOther {
        /// The signature manifest.
        artifact: Digest,
        /// The signed artifact.
        subject: Digest,
    },
}

impl CopyError {
    /// Returns the kind of the failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Store(why) => why.code(),
            Self::Interrupted(_) => ReasonCode::Internal,
            Self::TooLarge { .. } | Self::TooManySignatures { .. } => ReasonCode::TooMany,
            Self::Deadline(_) => ReasonCode::Deadline,
            Self::SignatureOfOther { .. } => ReasonCode::Configuration,
        }
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Store(why) => why.advice(),
            Self::TooLarge { .. } => Some(Advice::RaiseLimit { what: "bytes" }),
            Self::TooManySignatures { .. } => Some(Advice::RaiseLimit { what: "signatures" }),
            Self::Deadline(_) => Some(Advice::AllowMoreTime),
            Self::Interrupted(_) | Self::SignatureOfOther { .. } => None,
        }
    }
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
    /// The limit of bytes of all manifests and blobs together, whether the destination has them already or not.
    pub most_bytes: u64,
    /// The time limit.
    pub time: Duration,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            most_manifests: Store::MAX_MANIFESTS,
            most_signatures: 100,
            parallel: 4,
            most_bytes: 256 * 1024 * 1024 * 1024,
            time: Duration::from_secs(12 * 60 * 60),
        }
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
    /// What its indexes list that is not a manifest, such as the layers of a build cache. Copied as it is.
    pub others: Vec<Descriptor>,
    /// The signatures of all these manifests.
    pub signatures: Vec<Descriptor>,
    /// The blobs, and how each got into the destination.
    pub blobs: Vec<(Descriptor, Transferred)>,
    /// Foreign layers, which are not copied: clients download them from the URLs in the manifest.
    pub left_out: Vec<Descriptor>,
    /// Manifests in its indexes that refer to an artifact outside of the copy, with that artifact. They are not copied:
    /// the destination would list them as the artifact's signatures.
    pub referrers_of_others: Vec<(Descriptor, Digest)>,
    /// Listed signatures that are missing or not signatures, with the reason.
    pub unreadable: Vec<(Descriptor, StoreError)>,
}

/// Copies an artifact with the signatures of all its manifests. Other referrers are not copied.
///
/// # Errors
/// Returns [`CopyError`] if content cannot be read or written, does not match its descriptor, or exceeds a limit.
pub async fn copy_artifact(
    source: &Store,
    target: &Target,
    destination: &Store,
    tag: Option<&Tag>,
    options: &CopyOptions,
    progress: Option<Progress>,
) -> Result<Copied, CopyError> {
    let artifact = source.resolve(target).await?;
    copy_resolved(source, artifact, destination, tag, options, progress).await
}

/// Copies an artifact as [`copy_artifact`] does, that was resolved before.
///
/// # Errors
/// Returns [`CopyError`] as [`copy_artifact`] does.
pub async fn copy_resolved(
    source: &Store,
    artifact: Descriptor,
    destination: &Store,
    tag: Option<&Tag>,
    options: &CopyOptions,
    progress: Option<Progress>,
) -> Result<Copied, CopyError> {
    // Dropping the copy at the deadline removes its temporary files.
    let copy = copy_all(source, artifact, destination, tag, options, progress);
    Deadline::new(options.time).run(copy).await.unwrap_or(Err(CopyError::Deadline(options.time)))
}

async fn copy_all(
    source: &Store,
    artifact: Descriptor,
    destination: &Store,
    tag: Option<&Tag>,
    options: &CopyOptions,
    progress: Option<Progress>,
) -> Result<Copied, CopyError> {
    let Tree { manifests, others, .. } = source.tree(&artifact, options.most_manifests).await?;
    let copied = Copied {
        artifact,
        manifests: Vec::with_capacity(manifests.len()),
        others: Vec::new(),
        signatures: Vec::new(),
        blobs: Vec::new(),
        left_out: Vec::new(),
        referrers_of_others: Vec::new(),
        unreadable: Vec::new(),
    };
    let tree = manifests.iter().map(|stored| stored.digest.clone()).collect();
    let mut copy = Copy {
        source,
        destination,
        options,
        progress,
        tree,
        seen: HashSet::new(),
        bytes: 0,
        signatures: HashMap::new(),
        copied,
    };
    for stored in others {
        copy.other(stored).await?;
    }
    for stored in manifests {
        copy.part(stored).await?;
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
    /// The manifests of the artifact.
    tree: HashSet<Digest>,
    /// The content that is copied already or being copied.
    seen: HashSet<Digest>,
    /// The size of that content.
    bytes: u64,
    /// The signatures of each manifest that were copied.
    signatures: HashMap<Digest, HashSet<Digest>>,
    copied: Copied,
}

/// Whether a listed signature that cannot be read is certainly not one. Others could be signatures that a retry or
/// other credentials can read.
fn is_no_signature(code: ReasonCode) -> bool {
    use ReasonCode::{Integrity, NotFound, OtherArtifact, Protocol, WrongContent};
    matches!(code, Integrity | NotFound | OtherArtifact | Protocol | WrongContent)
}

impl Copy<'_> {
    /// Copies a manifest of the artifact, unless it refers to something outside: the destination would list it beside
    /// an artifact that is not part of this copy, where too many signatures stop every verification.
    async fn part(&mut self, stored: Descriptor) -> Result<(), CopyError> {
        let (bytes, links) = self.source.linked(&stored).await?;
        if let Some(referrer) = &links.referrer {
            let subject = &referrer.subject.digest;
            let is_signature = referrer.artifact_type.as_deref() == Some(SIGNATURE_MEDIA_TYPE);
            let is_outside = !self.tree.contains(subject);
            if is_outside && stored.digest != self.copied.artifact.digest {
                self.copied.referrers_of_others.push((stored, subject.clone()));
                return Ok(());
            }
            if is_outside && is_signature {
                return Err(CopyError::SignatureOfOther { artifact: stored.digest, subject: subject.clone() });
            }
            if is_signature {
                self.count_signature(subject, &stored.digest)?;
            }
        }
        self.manifest(&stored, bytes, links).await?;
        self.copied.manifests.push(stored);
        Ok(())
    }

    /// Copies a manifest after its blobs.
    async fn manifest(&mut self, stored: &Descriptor, bytes: Content, links: Links) -> Result<(), CopyError> {
        if self.seen.insert(stored.digest.clone()) {
            self.count_bytes(stored.size)?;
        }
        let blobs: Vec<_> = links.blobs.iter().filter(|blob| self.seen.insert(blob.digest.clone())).cloned().collect();
        self.all_blobs(blobs, false).await?;
        match self.destination.put_linked(stored, &bytes, &links).await {
            // The destination said wrongly that it has a blob.
            Err(why) if why.lacks_parts() => {
                tracing::debug!(%why, "copying the blobs again");
                self.all_blobs(links.blobs.clone(), true).await?;
                self.destination.put_linked(stored, &bytes, &links).await?;
            }
            result => result?,
        }
        self.copied.left_out.extend(links.foreign);
        self.tell(CopyEvent::Manifest(stored.clone()));
        Ok(())
    }

    /// Copies what an index lists under the media type of neither an image nor an index: a manifest of another type, or
    /// a blob.
    async fn other(&mut self, stored: Descriptor) -> Result<(), CopyError> {
        if !self.seen.insert(stored.digest.clone()) {
            return Ok(());
        }
        self.count_bytes(stored.size)?;
        match self.source.unknown_manifest(&stored).await? {
            Some(bytes) => self.destination.put_unknown_manifest(&stored, &bytes).await?,
            None => self.transfer(vec![stored.clone()], false).await?,
        }
        self.copied.others.push(stored);
        Ok(())
    }

    fn count_bytes(&mut self, bytes: u64) -> Result<(), CopyError> {
        self.bytes = self.bytes.saturating_add(bytes);
        let most = self.options.most_bytes;
        let artifact = &self.copied.artifact.digest;
        if self.bytes > most { Err(CopyError::TooLarge { artifact: artifact.clone(), most }) } else { Ok(()) }
    }

    fn count_signature(&mut self, subject: &Digest, signature: &Digest) -> Result<(), CopyError> {
        let all = self.signatures.entry(subject.clone()).or_default();
        all.insert(signature.clone());
        let most = self.options.most_signatures;
        if all.len() > most { Err(CopyError::TooManySignatures { subject: subject.clone(), most }) } else { Ok(()) }
    }

    /// Copies blobs that were not copied before, or, `anew`, again.
    async fn all_blobs(&mut self, blobs: Vec<Descriptor>, anew: bool) -> Result<(), CopyError> {
        if !anew {
            for blob in &blobs {
                self.count_bytes(blob.size)?;
            }
        }
        self.transfer(blobs, anew).await
    }

    async fn transfer(&mut self, blobs: Vec<Descriptor>, anew: bool) -> Result<(), CopyError> {
        let mut waiting = blobs.into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.options.parallel.max(1) {
                let Some(blob) = waiting.next() else { break };
                let source = self.source.clone();
                let destination = self.destination.clone();
                let progress = self.progress.clone();
                running.spawn(async move {
                    let passed = |bytes| {
                        if let Some(progress) = &progress {
                            progress(CopyEvent::Bytes(bytes));
                        }
                    };
                    let how = match anew {
                        true => source.transfer_anew(&destination, &blob, passed).await?,
                        false => source.transfer(&destination, &blob, passed).await?,
                    };
                    Ok::<_, StoreError>((blob, how))
                });
            }
            let Some(ended) = running.join_next().await else { return Ok(()) };
            let (blob, how) = ended.map_err(|why| CopyError::Interrupted(why.to_string()))??;
            self.tell(CopyEvent::Blob(blob.clone(), how));
            self.copied.blobs.retain(|(known, _)| known.digest != blob.digest);
            self.copied.blobs.push((blob, how));
        }
    }

    async fn signatures(&mut self, subject: &Descriptor) -> Result<(), CopyError> {
        let source = self.source;
        let mut listed = source.list_signatures(subject, self.options.most_signatures).await?;
        while let Some(signature) = listed.next().await {
            match signature.manifest {
                Ok(_) => {
                    self.count_signature(&subject.digest, &signature.descriptor.digest)?;
                    let (bytes, links) = source.linked(&signature.descriptor).await?;
                    self.manifest(&signature.descriptor, bytes, links).await?;
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
