//! The signing flow: resolve the artifact, build the payload, sign it with AWS Signer, check the envelope, attach it.

mod blob;
pub mod own;

use aws_names::ProfileArn;
use aws_signer::{SignError, SignedPayload, SignerClient, sign_payload};
use limits::Deadline;
use notary::envelope::Payload;
use notary::manifest::SignatureForm;
use notary::reference::Target;
use notary::{Descriptor, UserMetadata};
use registry::{Store, StoreError};

pub use self::blob::{SignBlobError, SignedBlob, sign_blob};
use crate::attach::push_signature;

/// Why an artifact was not signed. Nothing was attached.
#[derive(Debug, thiserror::Error)]
pub enum SignArtifactError {
    /// Reading the artifact or writing the signature failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// AWS Signer returned no usable signature.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// A signed artifact.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignedArtifact {
    /// The artifact.
    pub artifact: Descriptor,
    /// The envelope and AWS Signer's information about it.
    pub signature: SignedPayload,
}

/// Signs an artifact of a registry or a layout, without attaching the signature.
///
/// # Errors
/// Returns [`SignArtifactError`] if the artifact cannot be resolved or signing fails.
pub async fn sign_artifact(
    store: &Store,
    target: &Target,
    user_metadata: UserMetadata,
    client: &SignerClient,
    profile: &ProfileArn,
    deadline: Deadline,
) -> Result<SignedArtifact, SignArtifactError> {
    let artifact = store.resolve(target).await?;
    Ok(sign_descriptor(artifact, user_metadata, client, profile, deadline).await?)
}

/// Signs an artifact by its descriptor. The descriptor must come from the artifact's store, because it is signed as it
/// is.
///
/// # Errors
/// Returns [`SignError`] if signing fails, or AWS Signer returned no usable signature.
pub async fn sign_descriptor(
    artifact: Descriptor,
    user_metadata: UserMetadata,
    client: &SignerClient,
    profile: &ProfileArn,
    deadline: Deadline,
) -> Result<SignedArtifact, SignError> {
    let payload = payload(&artifact, user_metadata).to_bytes();
    tracing::info!(artifact = %artifact.digest, %profile, region = %client.region(), "signing");
    let signature = sign_payload(client, profile, &payload, deadline).await?;
    let signer = &signature.signer;
    tracing::info!(artifact = %artifact.digest, profile_version = %signer.profile_version, job = %signer.job, "signed");
    Ok(SignedArtifact { artifact, signature })
}

/// The payload to sign for an artifact.
#[must_use]
pub fn payload(artifact: &Descriptor, user_metadata: UserMetadata) -> Payload {
    let Descriptor { media_type, digest, size, .. } = artifact.clone();
    Payload {
        target_artifact: Descriptor {
            media_type,
            digest,
            size,
            artifact_type: None,
            annotations: user_metadata.into_annotations(),
        },
    }
}

/// Attaches a signature to its artifact with a manifest of this form. Returns the descriptor of the signature's
/// manifest.
///
/// # Errors
/// Returns [`StoreError`] if the signature cannot be written.
pub async fn attach(store: &Store, signed: &SignedArtifact, form: SignatureForm) -> Result<Descriptor, StoreError> {
    let SignedArtifact { artifact, signature } = signed;
    let SignedPayload { envelope, verified, metadata, .. } = signature;
    push_signature(store, artifact, envelope, verified, metadata.clone(), form).await
}
