//! Attaching a signature envelope to its artifact: `signature-specification.md`, "Storage".

use std::collections::BTreeMap;

use notary::Descriptor;
use notary::envelope::{Envelope, EnvelopeError, JWS_MEDIA_TYPE, Payload, PayloadError, VerifiedEnvelope, VerifyError};
use notary::manifest::{EMPTY_CONFIG, Manifest, SignatureForm, THUMBPRINT_ANNOTATION};
use notary::x509::{Certificate, CertificateChain};
use registry::{Store, StoreError};

/// How many signatures an artifact may have where one more is attached: all are looked at, for the same envelope.
const MAX_SIGNATURES: usize = 1000;

/// Why an envelope is not attached. Nothing was written then, unless the store's reason is from its last step.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The signatures of the artifact cannot be read, or this one not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not an envelope.
    #[error("not a signature envelope: {0}")]
    Envelope(#[from] EnvelopeError),
    /// It is not as its signer made it, or its certificates may not sign.
    #[error("the envelope does not verify: {0}")]
    Verify(#[from] VerifyError),
    /// It holds something else than the signature of an artifact.
    #[error("not the signature of an artifact: {0}")]
    Payload(#[from] PayloadError),
    /// It is the signature of another artifact.
    #[error(
        "the envelope signs {} ({} bytes, {}), and the artifact is {} ({} bytes, {})",
        .signed.digest, .signed.size, notary::text::printable(&.signed.media_type),
        .artifact.digest, .artifact.size, notary::text::printable(&.artifact.media_type)
    )]
    OtherArtifact {
        /// What was signed.
        signed: Box<Descriptor>,
        /// What it was to be attached to.
        artifact: Box<Descriptor>,
    },
    /// An annotation takes a name that is reserved.
    #[error("the annotation {0:?} is reserved: io.cncf.notary belongs to the Notary Project")]
    ReservedAnnotation(String),
}

/// An envelope that belongs to its artifact: whole, by a chain that could sign at the time that it names, and over this artifact.
/// Whether anybody trusts its signer is not known.
#[derive(Debug, Clone)]
pub struct MatchingEnvelope {
    artifact: Descriptor,
    bytes: Vec<u8>,
    verified: VerifiedEnvelope,
}

/// What came of attaching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attached {
    /// The signature was written; the descriptor of its manifest.
    Now(Descriptor),
    /// The artifact has the very same envelope already, and nothing was written; the descriptor of its manifest.
    Before(Descriptor),
}

impl Attached {
    /// The descriptor of the signature's manifest.
    #[must_use]
    pub fn manifest(&self) -> &Descriptor {
        match self {
            Self::Now(manifest) | Self::Before(manifest) => manifest,
        }
    }
}

impl MatchingEnvelope {
    /// Checks that these bytes are an envelope over the artifact. The artifact's descriptor must come from where it is.
    ///
    /// # Errors
    /// [`AttachError`], but neither [`AttachError::Store`] nor [`AttachError::ReservedAnnotation`].
    pub fn check(bytes: Vec<u8>, artifact: Descriptor) -> Result<Self, AttachError> {
        let envelope = Envelope::parse(&bytes)?;
        let verified = envelope.verify_integrity()?;
        verified.check_validity(verified.attributes().signing_time).map_err(VerifyError::from)?;
        let signed = Payload::parse(verified.payload())?.target_artifact;
        if !signed.is_same_content(&artifact) {
            return Err(AttachError::OtherArtifact { signed: Box::new(signed), artifact: Box::new(artifact) });
        }
        Ok(Self { artifact, bytes, verified })
    }

    /// What the envelope says.
    #[must_use]
    pub fn verified(&self) -> &VerifiedEnvelope {
        &self.verified
    }

    /// Attaches it to its artifact, by a manifest of this form and with these annotations, unless the artifact has it already.
    ///
    /// # Errors
    /// [`AttachError::Store`] and [`AttachError::ReservedAnnotation`].
    pub async fn attach(
        &self,
        store: &Store,
        annotations: BTreeMap<String, String>,
        form: SignatureForm,
    ) -> Result<Attached, AttachError> {
        if let Some(reserved) = annotations.keys().find(|name| is_reserved(name)) {
            return Err(AttachError::ReservedAnnotation(reserved.clone()));
        }
        let own = Descriptor::of(JWS_MEDIA_TYPE, &self.bytes);
        let mut listed = store.list_signatures(&self.artifact, MAX_SIGNATURES).await?;
        while let Some(signature) = listed.next().await {
            // One that cannot be read is not this one.
            let Ok(manifest) = signature.manifest else { continue };
            if manifest.envelope().is_ok_and(|envelope| envelope.is_same_content(&own)) {
                return Ok(Attached::Before(signature.descriptor));
            }
        }
        let chain = self.verified.chain();
        Ok(Attached::Now(push_signature(store, &self.artifact, &self.bytes, chain, annotations, form).await?))
    }
}

/// Whether a name belongs to the Notary Project.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with("io.cncf.notary")
}

/// Writes an envelope that was checked, and the manifest that ties it to its artifact. Gives the manifest's descriptor.
pub(crate) async fn push_signature(
    store: &Store,
    artifact: &Descriptor,
    envelope: &[u8],
    chain: &CertificateChain,
    mut annotations: BTreeMap<String, String>,
    form: SignatureForm,
) -> Result<Descriptor, StoreError> {
    annotations.insert(THUMBPRINT_ANNOTATION.to_owned(), thumbprints(chain));
    store.push_blob(JWS_MEDIA_TYPE, envelope).await?;
    store.push_blob(form.config_media_type(), EMPTY_CONFIG).await?;
    let manifest = store.push_referrer(&Manifest::signature_in(form, artifact.clone(), envelope, annotations)).await?;
    tracing::info!(artifact = %artifact.digest, signature = %manifest.digest, "attached");
    Ok(manifest)
}

/// The thumbprints of a chain as the annotation has them: a JSON array in a string.
fn thumbprints(chain: &CertificateChain) -> String {
    let all: Vec<String> = chain.certificates().iter().map(Certificate::thumbprint).collect();
    serde_json::Value::from(all).to_string()
}
