//! A registry or a layout behind one interface: signing, verifying and copying work the same way with both.

use notary::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, Manifest};
use notary::reference::{Tag, Target};
use notary::{Descriptor, Digest};

use super::client::RemoteRepository;
use super::content::Content;
use super::error::StoreError;
use super::layout::{Layout, type_of_referrer};

/// A store of artifacts and their signatures.
#[derive(Debug, Clone)]
pub enum Store {
    /// An OCI image layout: a folder on this machine.
    Layout(Layout),
    /// A repository of a registry.
    Remote(RemoteRepository),
}

impl Store {
    /// Whether an answer comes sooner than a connection for another question is made: an image layout, or a registry on
    /// this machine.
    #[must_use]
    pub fn is_near(&self) -> bool {
        match self {
            Self::Layout(_) => true,
            Self::Remote(repository) => repository.name().is_loopback(),
        }
    }

    /// Resolves a tag or digest to the artifact's descriptor.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the artifact does not exist or cannot be read.
    pub async fn resolve(&self, target: &Target) -> Result<Descriptor, StoreError> {
        let (artifact, repository) = match self {
            Self::Layout(layout) => (layout.resolve(target)?, None),
            Self::Remote(repository) => (repository.resolve(target).await?, Some(repository.name().to_string())),
        };
        tracing::info!(repository, %target, digest = %artifact.digest, "resolved");
        Ok(artifact)
    }

    /// The same store, whose requests are not repeated after a failure for the moment.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        match self {
            Self::Layout(layout) => Self::Layout(layout.clone()),
            Self::Remote(repository) => Self::Remote(repository.without_retries()),
        }
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
    pub async fn manifest(&self, stored: &Descriptor) -> Result<Content, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.manifest_bytes(stored)?.into()),
            Self::Remote(repository) => Ok(repository.manifest(stored).await?),
        }
    }

    /// Reads a blob of at most `limit` bytes and checks it against its descriptor.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the blob cannot be read, is larger than `limit`, or does not match the descriptor.
    pub async fn blob(&self, stored: &Descriptor, limit: u64) -> Result<Content, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.blob(stored, limit)?.into()),
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
                Ok(Descriptor::from_content(media_type, content))
            }
            Self::Remote(repository) => Ok(repository.push_blob(media_type, content).await?),
        }
    }

    /// Writes a blob even if the registry says that it has it: some say so wrongly, which shows when they refuse the
    /// manifest.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the blob cannot be written.
    pub async fn push_blob_anew(&self, media_type: &str, content: &[u8]) -> Result<Descriptor, StoreError> {
        match self {
            Self::Layout(_) => self.push_blob(media_type, content).await,
            Self::Remote(repository) => Ok(repository.upload_blob(media_type, content).await?),
        }
    }

    /// Writes the unchanged bytes of a manifest or an index, which keeps the digest. Content that it refers to must be
    /// written first.
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
            Self::Layout(layout) => {
                let stored = Descriptor::from_content(media_type, bytes);
                Ok(layout.list(&stored, bytes, None, tag.map(Tag::as_str)).await?)
            }
            Self::Remote(repository) => {
                let target = tag.cloned().map(Target::Tag);
                Ok(repository.push_manifest(media_type, bytes, target.as_ref()).await?.descriptor)
            }
        }
    }

    /// Deletes a manifest that is listed among the referrers of `subject`, such as a signature. In a layout, it is
    /// removed from the index, and its content stays, since other manifests may have it too.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the list of referrers cannot be written, or the registry does not delete the manifest.
    pub async fn delete_referrer(&self, subject: &Digest, digest: &Digest) -> Result<(), StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.remove_from_index(digest).await?),
            Self::Remote(repository) => Ok(repository.delete_referrer(subject, digest).await?),
        }
    }

    /// Writes a manifest with a subject, such as a signature, and lists it among the subject's referrers.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the manifest or the list of referrers cannot be written.
    pub async fn push_referrer(&self, manifest: &Manifest) -> Result<Descriptor, StoreError> {
        match self {
            Self::Layout(layout) => {
                let bytes = manifest.to_bytes();
                let stored = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &bytes);
                Ok(layout.list(&stored, &bytes, type_of_referrer(manifest), None).await?)
            }
            Self::Remote(repository) => Ok(repository.push_referrer(manifest).await?),
        }
    }
}
