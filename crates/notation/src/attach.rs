//! Attaching a signature envelope to its artifact: `signature-specification.md`, "Storage".

use std::collections::BTreeMap;

use notary::envelope::{
    Envelope, EnvelopeError, EnvelopeFormat, Payload, PayloadError, SigningScheme, VerifiedEnvelope, VerifyError,
};
use notary::manifest::{EMPTY_CONFIG, Manifest, SignatureForm, THUMBPRINT_ANNOTATION};
use notary::x509::{Certificate, CertificateChain};
use notary::{Descriptor, is_reserved_annotation};
use registry::{Store, StoreError};

/// The limit of existing signatures: all are read to find the same envelope.
const MAX_SIGNATURES: usize = 1000;

/// Why an envelope was not attached. Nothing was written, unless the last step of writing failed.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// Reading the artifact's signatures or writing the new one failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The content is not an envelope.
    #[error("not a signature envelope: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The envelope was altered, or its certificates may not sign.
    #[error("the envelope does not verify: {0}")]
    Verify(#[from] VerifyError),
    /// The payload is not that of an artifact's signature.
    #[error("not the signature of an artifact: {0}")]
    Payload(#[from] PayloadError),
    /// The envelope is the signature of another artifact.
    #[error(
        "the envelope signs {} ({} bytes, {}), but the artifact is {} ({} bytes, {})",
        .signed.digest, .signed.size, notary::text::printable(&.signed.media_type),
        .artifact.digest, .artifact.size, notary::text::printable(&.artifact.media_type)
    )]
    OtherArtifact {
        /// The signed artifact.
        signed: Box<Descriptor>,
        /// The artifact to attach it to.
        artifact: Box<Descriptor>,
    },
    /// An annotation has a reserved name.
    #[error("the annotation {0:?} is reserved: io.cncf.notary belongs to the Notary Project")]
    ReservedAnnotation(String),
}

/// An envelope that matches its artifact: it is intact, its certificates may sign and were valid at its signing time if
/// that is authentic, and it signs this artifact. It does not mean that the signer is trusted.
#[derive(Debug, Clone)]
pub struct MatchingEnvelope {
    artifact: Descriptor,
    bytes: Vec<u8>,
    verified: VerifiedEnvelope,
}

/// The result of attaching, with the descriptor of the signature's manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attached {
    /// The signature was written.
    Now(Descriptor),
    /// The artifact had the same envelope already, and nothing was written.
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
    /// Checks that these bytes are an envelope, of whatever format, that signs the artifact. The descriptor must come
    /// from the artifact's store.
    ///
    /// # Errors
    /// Returns any [`AttachError`] except [`AttachError::Store`] and [`AttachError::ReservedAnnotation`] if the
    /// envelope is malformed, does not verify, or signs something else.
    pub fn check(bytes: Vec<u8>, artifact: Descriptor) -> Result<Self, AttachError> {
        Self::check_in(EnvelopeFormat::of(&bytes), bytes, artifact)
    }

    /// As [`Self::check`], for an envelope that must have this format.
    ///
    /// # Errors
    /// See [`Self::check`].
    pub fn check_in(format: EnvelopeFormat, bytes: Vec<u8>, artifact: Descriptor) -> Result<Self, AttachError> {
        let envelope = Envelope::parse(format, &bytes)?;
        let verified = envelope.verify_integrity()?;
        // The signing time of `notary.x509` "is an untrusted timestamp, and therefore not used in trust decisions"
        // (signature-envelope-jws.md, Protected Headers).
        if verified.attributes().signing_scheme == SigningScheme::SigningAuthority {
            verified.chain().check_validity(verified.attributes().signing_time).map_err(VerifyError::from)?;
        }
        let signed = Payload::parse(verified.payload())?.target_artifact;
        if !signed.is_same_content(&artifact) {
            return Err(AttachError::OtherArtifact { signed: Box::new(signed), artifact: Box::new(artifact) });
        }
        Ok(Self { artifact, bytes, verified })
    }

    /// The envelope.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The verified content of the envelope.
    #[must_use]
    pub fn verified(&self) -> &VerifiedEnvelope {
        &self.verified
    }

    /// Attaches the envelope to its artifact with a manifest of this form and these annotations, unless the artifact
    /// has it already.
    ///
    /// # Errors
    /// Returns [`AttachError::ReservedAnnotation`] if an annotation has a reserved name, and [`AttachError::Store`] if
    /// the signatures cannot be read or written.
    pub async fn attach(
        &self,
        store: &Store,
        annotations: BTreeMap<String, String>,
        form: SignatureForm,
    ) -> Result<Attached, AttachError> {
        if let Some(reserved) = annotations.keys().find(|name| is_reserved_annotation(name)) {
            return Err(AttachError::ReservedAnnotation(reserved.clone()));
        }
        let own = Descriptor::from_content(self.verified.format().media_type(), &self.bytes);
        let mut listed = store.list_signatures(&self.artifact, MAX_SIGNATURES).await?;
        while let Some(signature) = listed.next().await {
            // An unreadable signature does not match this envelope.
            let Ok(manifest) = signature.manifest else { continue };
            if manifest.envelope().is_ok_and(|(_, envelope)| envelope.is_same_content(&own)) {
                return Ok(Attached::Before(signature.descriptor));
            }
        }
        let manifest = push_signature(store, &self.artifact, &self.bytes, &self.verified, annotations, form).await?;
        Ok(Attached::Now(manifest))
    }
}

/// Writes a checked envelope and the signature manifest that links it to its artifact. Returns the manifest's
/// descriptor.
pub(crate) async fn push_signature(
    store: &Store,
    artifact: &Descriptor,
    envelope: &[u8],
    verified: &VerifiedEnvelope,
    mut annotations: BTreeMap<String, String>,
    form: SignatureForm,
) -> Result<Descriptor, StoreError> {
    annotations.insert(THUMBPRINT_ANNOTATION.to_owned(), thumbprints(verified.chain()));
    let format = verified.format();
    let blobs = [(format.media_type(), envelope), (form.config_media_type(), EMPTY_CONFIG)];
    for (media_type, content) in blobs {
        store.push_blob(media_type, content).await?;
    }
    let manifest = Manifest::signature_in(form, format, artifact.clone(), envelope, annotations);
    let manifest = match store.push_referrer(&manifest).await {
        // The registry said wrongly that it has a blob.
        Err(why) if why.lacks_parts() => {
            tracing::debug!(%why, "writing the blobs again");
            for (media_type, content) in blobs {
                store.push_blob_anew(media_type, content).await?;
            }
            store.push_referrer(&manifest).await?
        }
        result => result?,
    };
    tracing::info!(artifact = %artifact.digest, signature = %manifest.digest, "attached");
    Ok(manifest)
}

/// The thumbprints of a chain in the form of the annotation: a JSON array as a string.
fn thumbprints(chain: &CertificateChain) -> String {
    let all: Vec<&str> = chain.certificates().iter().map(Certificate::thumbprint).collect();
    serde_json::Value::from(all).to_string()
}
