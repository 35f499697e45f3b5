//! Where the signatures of an artifact come from: a store, or something that remembers what a store delivered.

use limits::MemoryBudget;
use notary::Descriptor;
use notary::envelope::{EnvelopeFormat, MAX_ENVELOPE_SIZE};
use registry::{Content, Store, StoreError, check_signature_manifest};

use super::no_verdict::NoVerdict;
use super::reason::Reason;
use crate::failure::Failure;
use crate::revocation::BoxFuture;

/// The bytes of an envelope, and the format that its manifest names.
#[derive(Debug)]
pub struct FetchedEnvelope {
    /// The format.
    pub format: EnvelopeFormat,
    /// The bytes.
    pub content: Content,
}

impl FetchedEnvelope {
    /// Counts the bytes in this budget, unless one counts them already. Waits until they can be reserved.
    pub(super) async fn counted_in(self, memory: &MemoryBudget) -> Self {
        Self { content: self.content.counted_in(memory).await, ..self }
    }
}

/// A signature as a store delivered it.
#[derive(Debug)]
pub struct FetchedSignature {
    /// The bytes of its manifest, unless it is larger than [`Self::MAX_MANIFEST`].
    pub manifest: Option<Box<[u8]>>,
    /// The envelope.
    pub envelope: FetchedEnvelope,
}

impl FetchedSignature {
    /// Larger manifests are not kept. Those of signatures have some 700 bytes.
    pub const MAX_MANIFEST: usize = 16 * 1024;

    /// Reads a signature of `artifact`, whose manifest the store lists as `manifest`.
    ///
    /// # Errors
    /// As [`SignatureSource::envelope`].
    pub async fn read(
        store: &Store,
        artifact: &Descriptor,
        manifest: &Descriptor,
        tries: Tries,
    ) -> Result<Self, Reason> {
        match tries {
            Tries::Once => Self::of(&store.without_retries(), artifact, manifest).await,
            Tries::Repeated => Self::of(store, artifact, manifest).await,
        }
    }

    async fn of(store: &Store, artifact: &Descriptor, listed: &Descriptor) -> Result<Self, Reason> {
        let bytes = store.signature_manifest_bytes(listed, artifact).await.map_err(|why| unread(&why))?;
        let stored = check_signature_manifest(&bytes, listed, artifact).map_err(|why| unread(&why))?;
        let manifest = (bytes.len() <= Self::MAX_MANIFEST).then(|| Box::from(&*bytes));
        // Its share of the memory budget is free before the next request.
        drop(bytes);
        let (format, envelope) = stored.envelope().map_err(Reason::NotASignature)?;
        let content = store.blob(envelope, MAX_ENVELOPE_SIZE as u64).await.map_err(|why| unread(&why))?;
        Ok(Self { manifest, envelope: FetchedEnvelope { format, content } })
    }

    /// The envelope of a copy of a signature, which may come from anywhere. `None` unless the bytes are those that
    /// `listed` names by digest and size, and a store that delivered them would have been believed.
    #[must_use]
    pub fn from_copy(
        artifact: &Descriptor,
        listed: &Descriptor,
        manifest: &[u8],
        content: &[u8],
    ) -> Option<FetchedEnvelope> {
        let is = |named: &Descriptor, bytes: &[u8]| bytes.len() as u64 == named.size && named.digest.matches(bytes);
        if !is(listed, manifest) {
            return None;
        }
        let stored = check_signature_manifest(manifest, listed, artifact).ok()?;
        let (format, envelope) = stored.envelope().ok()?;
        is(envelope, content).then(|| FetchedEnvelope { format, content: Content::from(content.to_vec()) })
    }
}

/// How often a request is made that fails for the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tries {
    /// Once.
    Once,
    /// As often as the store repeats requests.
    Repeated,
}

/// Delivers the signatures of artifacts in one repository. The verifier trusts nothing that it delivers: each envelope
/// is verified.
pub trait SignatureSource: Send + Sync {
    /// Lists the descriptors of the signature manifests, at most `most`.
    ///
    /// The error is [`NoVerdict`] if the list cannot be read completely, or has more entries.
    fn list<'a>(&'a self, artifact: &'a Descriptor, most: usize) -> BoxFuture<'a, Result<Vec<Descriptor>, NoVerdict>>;

    /// Reads the envelope of a signature of `artifact`, after its manifest was checked.
    ///
    /// The error is a refusal if the manifest is not a signature of the artifact, and undetermined or misconfigured if
    /// something was not delivered.
    fn envelope<'a>(
        &'a self,
        artifact: &'a Descriptor,
        manifest: &'a Descriptor,
        tries: Tries,
    ) -> BoxFuture<'a, Result<FetchedEnvelope, Reason>>;
}

impl SignatureSource for Store {
    fn list<'a>(&'a self, artifact: &'a Descriptor, most: usize) -> BoxFuture<'a, Result<Vec<Descriptor>, NoVerdict>> {
        Box::pin(async move { Ok(self.list_signatures_of(&artifact.digest, most).await?) })
    }

    fn envelope<'a>(
        &'a self,
        artifact: &'a Descriptor,
        manifest: &'a Descriptor,
        tries: Tries,
    ) -> BoxFuture<'a, Result<FetchedEnvelope, Reason>> {
        Box::pin(async move { Ok(FetchedSignature::read(self, artifact, manifest, tries).await?.envelope) })
    }
}

/// A signature that the store did not deliver is undetermined. A manifest that is not a signature, or signs another
/// artifact, is refused.
fn unread(why: &StoreError) -> Reason {
    match why {
        StoreError::NotASignature { source, .. } => Reason::NotASignature(source.clone()),
        _ => Failure::from(why).into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::collections::BTreeMap;

    use notary::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, Manifest};

    use super::*;

    #[test]
    fn a_copy_is_believed_only_if_digest_size_subject_and_envelope_are_those_of_the_list() {
        let artifact = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"image");
        let other = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"other image");
        let manifest = Manifest::signature(artifact.clone(), b"envelope", BTreeMap::new()).to_bytes();
        let listed = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &manifest);
        let copy = FetchedSignature::from_copy(&artifact, &listed, &manifest, b"envelope").unwrap();
        assert_eq!(&*copy.content, b"envelope");

        let of_other = Manifest::signature(other.clone(), b"envelope", BTreeMap::new()).to_bytes();
        let longer = Descriptor { size: listed.size + 1, ..listed.clone() };
        let listed_other = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &of_other);
        for (artifact, listed, manifest, content) in [
            (&artifact, &listed, &manifest, &b"envelopf"[..]),
            (&artifact, &listed, &manifest, b"envelope+"),
            (&artifact, &listed, &manifest, b""),
            (&artifact, &listed, &of_other, b"envelope"),
            (&artifact, &longer, &manifest, b"envelope"),
            (&other, &listed, &manifest, b"envelope"),
            // The list was wrong already: the manifest signs another artifact.
            (&artifact, &listed_other, &of_other, b"envelope"),
        ] {
            assert!(FetchedSignature::from_copy(artifact, listed, manifest, content).is_none());
        }
        let image = br#"{"schemaVersion":2,"config":{}}"#.to_vec();
        let listed = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &image);
        assert!(FetchedSignature::from_copy(&artifact, &listed, &image, b"envelope").is_none());
    }
}
