//! A place with artifacts and their signatures, whichever it is: signing, verifying and copying are the same for all of them.

use std::io::ErrorKind;

use notary::manifest::{Manifest, ManifestError, SIGNATURE_MEDIA_TYPE};
use notary::reference::{Tag, Target};
use notary::{Descriptor, Digest};

use super::client::{Failure, MAX_MANIFEST_SIZE, RegistryError, RemoteRepository};
use super::layout::{Layout, LayoutError};

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The layout's reason.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The registry's reason.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A manifest that was read cannot be understood.
    #[error("{digest}: {source}")]
    Manifest {
        /// The manifest's digest.
        digest: Digest,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// A manifest that was listed as a signature of the artifact is none.
    #[error("{digest} is listed as a signature of {subject}, but does not say so itself")]
    NotItsSignature {
        /// The manifest's digest.
        digest: Digest,
        /// The artifact.
        subject: Digest,
    },
    /// An index lists more manifests, or lies deeper in others, than are looked at.
    #[error(
        "{root} leads to more than {most} manifests, or to indexes in indexes more than {depth} deep: this is no image"
    )]
    TooLarge {
        /// The index.
        root: Digest,
        /// How many manifests are looked at.
        most: usize,
        /// How deep.
        depth: usize,
    },
}

impl StoreError {
    /// Whether there is more than is looked at, and not something wrong with what was.
    #[must_use]
    pub fn is_too_many(&self) -> bool {
        matches!(
            self,
            Self::Layout(LayoutError::TooMany { .. })
                | Self::Registry(RegistryError::TooMany { .. })
                | Self::TooLarge { .. }
        )
    }

    /// What this failure means.
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

    /// Whether there is no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.failure() == Failure::NotFound
    }
}

/// A place with artifacts and their signatures.
#[derive(Debug, Clone)]
pub enum Store {
    /// A folder of this machine.
    Layout(Layout),
    /// A repository of a registry.
    Remote(RemoteRepository),
}

/// A signature that the store lists, with its manifest or why it cannot be had. One that cannot be read is no reason not to look
/// at the others, but none to take it for absent either.
#[derive(Debug)]
pub struct StoredSignature {
    /// The descriptor of its manifest.
    pub descriptor: Descriptor,
    /// Its manifest, a signature manifest with the artifact as its subject.
    pub manifest: Result<Manifest, StoreError>,
}

impl Store {
    /// What the tag or digest names; after this the artifact is known by its digest.
    ///
    /// # Errors
    /// [`StoreError`] when there is no such artifact, or it cannot be read.
    pub async fn resolve(&self, target: &Target) -> Result<Descriptor, StoreError> {
        let (artifact, repository) = match self {
            Self::Layout(layout) => (layout.resolve(&target.to_string())?, None),
            Self::Remote(repository) => (repository.resolve(target).await?, Some(repository.name().to_string())),
        };
        tracing::info!(repository, %target, digest = %artifact.digest, "resolved");
        Ok(artifact)
    }

    /// Whether there is an artifact with this tag or digest.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be found out.
    pub async fn exists(&self, target: &Target) -> Result<bool, StoreError> {
        match self.resolve(target).await {
            Ok(_) => Ok(true),
            Err(why) if why.is_not_found() => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// The bytes of the manifest that the descriptor names, checked to be what it says.
    ///
    /// # Errors
    /// [`StoreError`] when they are not there or something else.
    pub async fn manifest(&self, stored: &Descriptor) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.blob(stored, MAX_MANIFEST_SIZE)?),
            Self::Remote(repository) => Ok(repository.manifest(stored).await?),
        }
    }

    /// The bytes of a blob, at most `limit` of them, checked to be what the descriptor says.
    ///
    /// # Errors
    /// [`StoreError`] when they are not there, too many, or something else.
    pub async fn blob(&self, stored: &Descriptor, limit: u64) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.blob(stored, limit)?),
            Self::Remote(repository) => Ok(repository.blob(stored, limit).await?),
        }
    }

    /// Writes a blob.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn push_blob(&self, media_type: &str, content: &[u8]) -> Result<Descriptor, StoreError> {
        match self {
            Self::Layout(layout) => {
                layout.put_blob(content)?;
                Ok(Descriptor::of(media_type, content))
            }
            Self::Remote(repository) => Ok(repository.push_blob(media_type, content).await?),
        }
    }

    /// Writes the bytes of a manifest or an index as they are, so that the digest stays. What it refers to must be there before.
    ///
    /// # Errors
    /// [`StoreError`].
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

    /// Writes a manifest with a subject, a signature for example, so that it is found among the subject's referrers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn push_referrer(&self, manifest: &Manifest) -> Result<Descriptor, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.put_manifest(manifest, None)?),
            Self::Remote(repository) => Ok(repository.push_referrer(manifest).await?),
        }
    }

    /// The signatures of an artifact, at most `most` of them, all in memory: a few MiB each, where somebody means harm.
    ///
    /// # Errors
    /// [`StoreError`] when the list cannot be read to its end, or has more: [`StoreError::is_too_many`].
    pub async fn signatures(&self, subject: &Descriptor, most: usize) -> Result<Vec<StoredSignature>, StoreError> {
        let mut listed = self.list_signatures(subject, most).await?;
        let mut signatures = Vec::with_capacity(listed.left());
        while let Some(signature) = listed.next().await {
            signatures.push(signature);
        }
        Ok(signatures)
    }

    /// As [`Self::signatures`], to be read one after the other.
    ///
    /// # Errors
    /// As there.
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
}

/// The signatures of an artifact, of which one is in memory at a time.
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

    /// How many there are that were not given out yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.listed.len()
    }
}

/// Reads a manifest that was listed as a signature of `subject`, and checks that it says so itself.
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
