//! The signing flow: resolve the artifact, build the payload, sign it with AWS Signer, check the envelope, attach it.

use std::collections::BTreeMap;

use aws_names::ProfileArn;
use aws_signer::{SignError, SignedPayload, SignerClient, sign_payload};
use limits::Deadline;
use notary::Descriptor;
use notary::envelope::Payload;
use notary::manifest::SignatureForm;
use notary::reference::Target;
use registry::{Store, StoreError};

use crate::attach::{is_reserved, push_signature};

/// Why an artifact was not signed. Nothing was attached.
#[derive(Debug, thiserror::Error)]
pub enum SignArtifactError {
    /// Reading the artifact or writing the signature failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// AWS Signer returned no usable signature.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// User metadata has a reserved key.
    #[error(transparent)]
    ReservedMetadata(#[from] ReservedMetadata),
}

/// A reserved key in user metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the metadata key {0:?} is reserved: io.cncf.notary belongs to the Notary Project")]
pub struct ReservedMetadata(pub String);

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
/// Returns [`SignArtifactError`] if the artifact cannot be resolved, a metadata key is reserved, or signing fails.
pub async fn sign_artifact(
    store: &Store,
    target: &Target,
    user_metadata: BTreeMap<String, String>,
    client: &SignerClient,
    profile: &ProfileArn,
    deadline: Deadline,
) -> Result<SignedArtifact, SignArtifactError> {
    check_user_metadata(&user_metadata)?;
    let artifact = store.resolve(target).await?;
    sign_descriptor(artifact, user_metadata, client, profile, deadline).await
}

/// Signs an artifact by its descriptor. The descriptor must come from the artifact's store, because it is signed as it is.
///
/// # Errors
/// Returns [`SignArtifactError::ReservedMetadata`] if a metadata key is reserved, and [`SignArtifactError::Sign`] if signing
/// fails.
pub async fn sign_descriptor(
    artifact: Descriptor,
    user_metadata: BTreeMap<String, String>,
    client: &SignerClient,
    profile: &ProfileArn,
    deadline: Deadline,
) -> Result<SignedArtifact, SignArtifactError> {
    check_user_metadata(&user_metadata)?;
    let payload = payload(&artifact, user_metadata).to_bytes();
    tracing::info!(artifact = %artifact.digest, %profile, region = %client.region(), "signing");
    let signature = sign_payload(client, profile, &payload, deadline).await?;
    let signer = &signature.signer;
    tracing::info!(artifact = %artifact.digest, profile_version = %signer.profile_version, job = %signer.job, "signed");
    Ok(SignedArtifact { artifact, signature })
}

/// The payload to sign for an artifact.
#[must_use]
pub fn payload(artifact: &Descriptor, user_metadata: BTreeMap<String, String>) -> Payload {
    let Descriptor { media_type, digest, size, .. } = artifact.clone();
    Payload {
        target_artifact: Descriptor { media_type, digest, size, artifact_type: None, annotations: user_metadata },
    }
}

/// Checks that user metadata has no key reserved for the Notary Project.
///
/// # Errors
/// Returns [`ReservedMetadata`] with the first reserved key.
pub fn check_user_metadata(user_metadata: &BTreeMap<String, String>) -> Result<(), ReservedMetadata> {
    match user_metadata.keys().find(|key| is_reserved(key)) {
        Some(reserved) => Err(ReservedMetadata(reserved.clone())),
        None => Ok(()),
    }
}

/// Attaches a signature to its artifact with a manifest of this form. Returns the descriptor of the signature's manifest.
///
/// # Errors
/// Returns [`StoreError`] if the signature cannot be written.
pub async fn attach(store: &Store, signed: &SignedArtifact, form: SignatureForm) -> Result<Descriptor, StoreError> {
    let SignedArtifact { artifact, signature } = signed;
    let chain = signature.verified.chain();
    push_signature(store, artifact, &signature.envelope, chain, signature.metadata.clone(), form).await
}
