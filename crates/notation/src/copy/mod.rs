//! Copying an artifact with all its content and signatures from one store to another, with unchanged digests:
//! distribution-spec, "Push"; `signature-specification.md`, "Storage".
//!
//! Content is written before the manifest that refers to it, and signatures before the tag: the tag never resolves to
//! an incomplete copy.

mod error;
mod left_out;
mod options;

use std::collections::{HashMap, HashSet};

use limits::Deadline;
use notary::links::{Links, subject_of};
use notary::manifest::SIGNATURE_MEDIA_TYPE;
use notary::reference::{Tag, Target};
use notary::{Descriptor, Digest, ReasonCode};
use registry::{Content, Store, StoreError, Tree};
use tokio::task::JoinSet;

pub use self::error::CopyError;
pub use self::options::{Copied, CopyEvent, CopyOptions, Progress};

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
    let Tree { manifests, others, unknown, .. } = source.tree(&artifact, options.most_manifests).await?;
    let copied = Copied {
        artifact,
        manifests: Vec::with_capacity(manifests.len()),
        others: Vec::new(),
        unknown,
        signatures: Vec::new(),
        blobs: Vec::new(),
        left_out: Vec::new(),
        referrers_of_others: Vec::new(),
        unreadable: Vec::new(),
    };
    let tree = manifests.iter().map(|stored| (stored.digest.clone(), stored.clone())).collect();
    let mut copy = Copy {
        source,
        destination,
        options,
        progress,
        tree,
        without_subject: HashSet::new(),
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
    tree: HashMap<Digest, Descriptor>,
    /// Those of them that are known to have no subject.
    without_subject: HashSet<Digest>,
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
            let is_outside = !self.is_copied(subject).await?;
            if is_outside && stored.digest != self.copied.artifact.digest {
                return self.leave_out(stored, subject.clone(), &bytes).await;
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
        if let Some(missing) = self.left_out_of(&links) {
            self.incomplete_index(stored, &bytes, &links, missing).await?;
            self.tell(CopyEvent::Manifest(stored.clone()));
            return Ok(());
        }
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
        let Some(bytes) = self.source.unknown_manifest(&stored).await? else {
            self.transfer(vec![stored.clone()], false).await?;
            self.copied.others.push(stored);
            return Ok(());
        };
        match subject_of(&bytes) {
            Ok(Some(subject)) if !self.is_copied(&subject).await? => {
                return self.leave_out(stored, subject, &bytes).await;
            }
            Ok(_) => self.destination.put_unknown_manifest(&stored, &bytes).await?,
            // The destination could read a subject in it, but not in a blob.
            Err(why) => {
                tracing::warn!(digest = %stored.digest, %why, "copied a manifest of an unknown type as a blob");
                self.destination.put_as_blob(&stored, &bytes).await?;
            }
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
