//! The signatures of an artifact: listing them, reading each, and checking that it is one and of this artifact.
//! `signature-specification.md`, "Storage".

use notary::manifest::{Manifest, ManifestError, SIGNATURE_MEDIA_TYPE};
use notary::{Descriptor, Digest};

use super::content::Content;
use super::error::{LayoutError, RegistryError, StoreError};
use super::store::Store;

/// A signature that the store lists, with its manifest or the reason why the manifest cannot be used. An unreadable
/// manifest does not prevent reading the others, and does not count as absent.
#[derive(Debug)]
pub struct StoredSignature {
    /// The descriptor of its manifest.
    pub descriptor: Descriptor,
    /// Its manifest: a signature manifest whose subject is the artifact. The error is a judgement of the signature if
    /// its [`disposition`](StoreError::disposition) is a refusal.
    pub manifest: Result<Manifest, StoreError>,
}

/// The signatures of an artifact. Only one is in memory at a time.
#[derive(Debug)]
pub struct Signatures<'a> {
    store: &'a Store,
    subject: &'a Descriptor,
    listed: std::vec::IntoIter<Descriptor>,
}

impl Store {
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
        let listed = self.list_signatures_of(&subject.digest, most).await?;
        Ok(Signatures { store: self, subject, listed: listed.into_iter() })
    }

    /// Lists the descriptors of the manifests that are signatures of the artifact with this digest, at most `most`.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the list cannot be read completely or has more than `most` entries.
    pub async fn list_signatures_of(&self, digest: &Digest, most: usize) -> Result<Vec<Descriptor>, StoreError> {
        match self {
            Self::Layout(layout) => Ok(layout.list_signatures(digest, most).await?),
            Self::Remote(repository) => Ok(repository.referrers(digest, SIGNATURE_MEDIA_TYPE, most).await?),
        }
    }

    /// Reads a manifest that is listed as a signature of `subject`, and checks that it is one.
    ///
    /// # Errors
    /// Returns [`StoreError`] if it cannot be read, or is not a signature of `subject`.
    pub async fn signature_manifest(&self, listed: &Descriptor, subject: &Descriptor) -> Result<Manifest, StoreError> {
        let bytes = self.signature_manifest_bytes(listed, subject).await?;
        check_signature_manifest(&bytes, listed, subject)
    }

    /// Reads the bytes of such a manifest, which [`check_signature_manifest`] judges.
    ///
    /// # Errors
    /// Returns [`StoreError`] if they cannot be read.
    pub async fn signature_manifest_bytes(
        &self,
        listed: &Descriptor,
        subject: &Descriptor,
    ) -> Result<Content, StoreError> {
        let digest = &listed.digest;
        self.manifest(listed).await.map_err(|why| match why {
            // Delivered intact: the manifest itself is wrong.
            StoreError::Registry(RegistryError::Manifest { source, .. })
            | StoreError::Layout(LayoutError::Manifest { source, .. }) => not_a_signature(digest, subject, source),
            other => other,
        })
    }
}

/// Checks that the bytes of a manifest, which are those of `listed`, are a signature of `subject`.
///
/// # Errors
/// Returns [`StoreError`] if they are not.
pub fn check_signature_manifest(
    bytes: &[u8],
    listed: &Descriptor,
    subject: &Descriptor,
) -> Result<Manifest, StoreError> {
    let digest = &listed.digest;
    let manifest = Manifest::parse(bytes).map_err(|source| not_a_signature(digest, subject, source))?;
    manifest.check_is_signature().map_err(|source| not_a_signature(digest, subject, source))?;
    match &manifest.subject {
        // Signatures are found by this digest alone. Size and media type of the artifact are in the signed payload.
        Some(signed) if signed.digest == subject.digest => Ok(manifest),
        signed => Err(StoreError::OtherSubject {
            digest: digest.clone(),
            subject: subject.digest.clone(),
            signed: signed.as_ref().map(|signed| signed.digest.clone()),
        }),
    }
}

impl Signatures<'_> {
    /// The next signature.
    pub async fn next(&mut self) -> Option<StoredSignature> {
        let descriptor = self.listed.next()?;
        let manifest = self.store.signature_manifest(&descriptor, self.subject).await;
        Some(StoredSignature { descriptor, manifest })
    }

    /// The number of signatures that [`Self::next`] has not returned yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.listed.len()
    }
}

fn not_a_signature(digest: &Digest, subject: &Descriptor, source: ManifestError) -> StoreError {
    StoreError::NotASignature { digest: digest.clone(), subject: subject.digest.clone(), source }
}
