//! Where the signatures of an artifact come from: a store, or something that remembers what a store delivered.

use limits::MemoryBudget;
use notary::Descriptor;
use notary::envelope::{EnvelopeFormat, MAX_ENVELOPE_SIZE};
use registry::{Content, Store, StoreError};

use super::reason::Reason;
use super::verifier::NoVerdict;
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
        Box::pin(async move {
            match tries {
                Tries::Once => envelope(&self.without_retries(), artifact, manifest).await,
                Tries::Repeated => envelope(self, artifact, manifest).await,
            }
        })
    }
}

async fn envelope(store: &Store, artifact: &Descriptor, manifest: &Descriptor) -> Result<FetchedEnvelope, Reason> {
    let stored = store.signature_manifest(manifest, artifact).await.map_err(|why| unread(&why))?;
    let (format, envelope) = stored.envelope().map_err(Reason::NotASignature)?;
    let content = store.blob(envelope, MAX_ENVELOPE_SIZE as u64).await.map_err(|why| unread(&why))?;
    Ok(FetchedEnvelope { format, content })
}

/// A signature that the store did not deliver is undetermined. A manifest that is not a signature, or signs another
/// artifact, is refused.
fn unread(why: &StoreError) -> Reason {
    match why {
        StoreError::NotASignature { source, .. } => Reason::NotASignature(source.clone()),
        _ => Failure::from(why).into(),
    }
}
