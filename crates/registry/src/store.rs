//! A registry or a layout behind one interface: signing, verifying and copying work the same way with both.

use std::io::ErrorKind;

use notary::manifest::{Manifest, ManifestError, SIGNATURE_MEDIA_TYPE};
use notary::reference::{Tag, Target};
use notary::{Descriptor, Digest};

use super::client::{Failure, MAX_MANIFEST_SIZE, RegistryError, RemoteRepository};
use super::layout::{Layout, LayoutError};

/// Why a store operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The layout failed.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A manifest is malformed or unsupported.
    #[error("{digest}: {source}")]
    Manifest {
        /// The manifest's digest.
        digest: Digest,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// A manifest that the referrers list has as a signature of the artifact is not one.
    #[error("{digest} is listed as a signature of {subject}, but its manifest is not one")]
    NotItsSignature {
        /// The manifest's digest.
        digest: Digest,
        /// The artifact.
        subject: Digest,
    },
    /// An index has more manifests, or more levels of nested indexes, than are read.
    #[error("{root} has more than {most} manifests, or indexes nested more than {depth} deep")]
    TooLarge {
        /// The index.
        root: Digest,
        /// The most manifests that are read.
        most: usize,
        /// The deepest nesting that is read.
        depth: usize,
    },
}

impl StoreError {
    /// Returns the stable name of the kind of failure.
    #[must_use]
    pub fn code(&self) -> notary::ReasonCode {
        use notary::ReasonCode;
        match self {
            Self::Manifest { .. } | Self::NotItsSignature { .. } => return ReasonCode::Integrity,
            _ => {}
        }
        match self.failure() {
            Failure::NotFound => ReasonCode::NotFound,
            Failure::Denied => ReasonCode::Denied,
            Failure::Unavailable => ReasonCode::Unreachable,
            Failure::Wrong => ReasonCode::Protocol,
            Failure::Configuration => ReasonCode::Configuration,
        }
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<notary::Advice> {
        None
    }

    /// Whether the store has more manifests or signatures than the limit, and nothing else is wrong.
    #[must_use]
    pub fn is_too_many(&self) -> bool {
        matches!(
            self,
            Self::Layout(LayoutError::TooMany { .. })
                | Self::Registry(RegistryError::TooMany { .. })
                | Self::TooLarge { .. }
        )
    }

    /// The kind of failure.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Registry(why) => why.failure(),
            Self::Layout(LayoutError::NotFound { .. }) => Failure::NotFound,
            Self::Layout(LayoutError::Io { source, .. }) => match source.kind() {
                ErrorKind::NotFound => Failure::NotFound,
                ErrorKind::PermissionDenied => Failure::Denied,
                _ => Failure::Unavailable,
            },
            _ => Failure::Wrong,
        }
    }

    /// Whether the requested content does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.failure() == Failure::NotFound
    }
}

/// A store of artifacts and their signatures.
#[derive(Debug, Clone)]
pub enum Store {
    /// An OCI image layout: a folder on this machine.
    Layout(Layout),
    /// A repository of a registry.
    Remote(RemoteRepository),
}

/// A signature that the store lists, with its manifest or the reason why the manifest cannot be read. An unreadable manifest
/// does not prevent reading the others, and does not count as absent.
#[derive(Debug)]
pub struct StoredSignature {
    /// The descriptor of its manifest.
    pub descriptor: Descriptor,
    /// Its manifest: a signature manifest whose subject is the artifact.
    pub manifest: Result<Manifest, StoreError>,
}

impl Store {
    /// Resolves a tag or digest to the artifact's descriptor.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the artifact does not exist or cannot be read.
    pub async fn resolve(&self, target: &Target) -> Result<Descriptor, StoreError> {
        let (artifact, repository) = match self {
            Self::Layout(layout) => (layout.resolve(&target.to_string())?, None),
            Self::Remote(repository) => (repository.resolve(target).await?, Some(repository.name().to_string())),
        };
        tracing::info!(repository, %target, digest = %artifact.digest, "resolved");
        Ok(artifact)
    }

    /// Whether the store has an artifact with this tag or digest.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the store cannot be read.
    pub async fn exists(&self, target: &Target) -> Result<bool, StoreError> {
        match self.resolve(target).await {
            Ok(_) => Ok(true),
            Err(why) if why.is_not_found() => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// Reads a manifest and checks it against its descriptor.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the manifest cannot be read or does not match the descriptor.
    pub async fn manifest(&self, stored: &Descriptor) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.blob(stored, MAX_MANIFEST_SIZE)?),
            Self::Remote(repository) => Ok(repository.manifest(stored).await?),
        }
    }

    /// Reads a blob of at most `limit` bytes and checks it against its descriptor.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the blob cannot be read, is larger than `limit`, or does not match the descriptor.
    pub async fn blob(&self, stored: &Descriptor, limit: u64) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.blob(stored, limit)?),
            Self::Remote(repository) => Ok(repository.blob(stored, limit).await?),
        }
    }

    /// Writes a blob.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the blob cannot be written.
    pub async fn push_blob(&self, media_type: &str, content: &[u8]) -> Result<Descriptor, StoreError> {
        match self {
            Self::Layout(layout) => {
                layout.put_blob(content)?;
                Ok(Descriptor::of(media_type, content))
            }
            Self::Remote(repository) => Ok(repository.push_blob(media_type, content).await?),
        }
    }

    /// Writes the unchanged bytes of a manifest or an index, which keeps the digest. Content that it refers to must be written
    /// first.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the manifest cannot be written.
    pub async fn push_manifest(
        &self,
        media_type: &str,
        bytes: &[u8],
        tag: Option<&Tag>,
    ) -> Result<Descriptor, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.put_manifest_bytes(media_type, bytes, None, tag.map(Tag::as_str))?),
            Self::Remote(repository) => {
                let target = tag.cloned().map(Target::Tag);
                Ok(repository.push_manifest(media_type, bytes, target.as_ref()).await?.descriptor)
            }
        }
    }

    /// Writes a manifest with a subject, such as a signature, and lists it among the subject's referrers.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the manifest or the list of referrers cannot be written.
    pub async fn push_referrer(&self, manifest: &Manifest) -> Result<Descriptor, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.put_manifest(manifest, None)?),
            Self::Remote(repository) => Ok(repository.push_referrer(manifest).await?),
        }
    }

    /// The signatures of an artifact, at most `most`, all held in memory. A malicious manifest takes a few MiB.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the list cannot be read completely or has more than `most` entries
    /// ([`StoreError::is_too_many`]).
    pub async fn signatures(&self, subject: &Descriptor, most: usize) -> Result<Vec<StoredSignature>, StoreError> {
        let mut listed = self.list_signatures(subject, most).await?;
        let mut signatures = Vec::with_capacity(listed.left());
        while let Some(signature) = listed.next().await {
            signatures.push(signature);
        }
        Ok(signatures)
    }

    /// Lists the signatures of an artifact as [`Self::signatures`] does, but reads one manifest at a time.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the list cannot be read completely or has more than `most` entries.
    pub async fn list_signatures<'a>(
        &'a self,
        subject: &'a Descriptor,
        most: usize,
    ) -> Result<Signatures<'a>, StoreError> {
        let listed = match self {
            Self::Layout(layout) => layout.list_signatures(subject, most)?,
            Self::Remote(repository) => repository.referrers(&subject.digest, SIGNATURE_MEDIA_TYPE, most).await?,
        };
        Ok(Signatures { store: self, subject, listed: listed.into_iter() })
    }

    /// Reads a manifest that is listed as a signature of `subject`, and checks that it is one.
    ///
    /// # Errors
    /// Returns [`StoreError`] if it cannot be read, or is not a signature of `subject`.
    pub async fn signature_manifest(&self, subject: &Descriptor, listed: &Descriptor) -> Result<Manifest, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.manifest(listed)?),
            Self::Remote(repository) => signature_manifest(repository, listed, subject).await,
        }
    }
}

/// The signatures of an artifact. Only one is in memory at a time.
#[derive(Debug)]
pub struct Signatures<'a> {
    store: &'a Store,
    subject: &'a Descriptor,
    listed: std::vec::IntoIter<Descriptor>,
}

impl Signatures<'_> {
    /// The next signature.
    pub async fn next(&mut self) -> Option<StoredSignature> {
        let descriptor = self.listed.next()?;
        let manifest = match self.store {
            Store::Layout(layout) => layout.manifest(&descriptor).map_err(StoreError::from),
            Store::Remote(repository) => signature_manifest(repository, &descriptor, self.subject).await,
        };
        Some(StoredSignature { descriptor, manifest })
    }

    /// Returns the descriptors of the manifests.
    #[must_use]
    pub fn into_descriptors(self) -> Vec<Descriptor> {
        self.listed.collect()
    }

    /// The number of signatures that [`Self::next`] has not returned yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.listed.len()
    }
}

/// Reads a manifest that is listed as a signature of `subject`, and checks that it is one.
async fn signature_manifest(
    repository: &RemoteRepository,
    listed: &Descriptor,
    subject: &Descriptor,
) -> Result<Manifest, StoreError> {
    let digest = || listed.digest.clone();
    let bytes = repository.manifest(listed).await?;
    let manifest = Manifest::parse(&bytes).map_err(|source| StoreError::Manifest { digest: digest(), source })?;
    let is_its_signature =
        manifest.is_signature() && manifest.subject.as_ref().is_some_and(|s| s.is_same_content(subject));
    if is_its_signature {
        Ok(manifest)
    } else {
        Err(StoreError::NotItsSignature { digest: digest(), subject: subject.digest.clone() })
    }
}
