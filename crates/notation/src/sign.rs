//! The signing flow: resolve the artifact, build the payload, have AWS Signer sign it, check the envelope, attach it.

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

/// Why an artifact was not signed. Nothing is attached unless everything went well.
#[derive(Debug, thiserror::Error)]
pub enum SignArtifactError {
    /// The artifact cannot be read, or the signature not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// AWS Signer made no usable signature.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// User metadata takes a name that is reserved.
    #[error(transparent)]
    ReservedMetadata(#[from] ReservedMetadata),
}

/// A key of user metadata that is reserved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the metadata key {0:?} is reserved: io.cncf.notary belongs to the Notary Project")]
pub struct ReservedMetadata(pub String);

/// A signature that was made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignedArtifact {
    /// The artifact that it is over.
    pub artifact: Descriptor,
    /// The envelope and what AWS Signer says of it.
    pub signature: SignedPayload,
}

/// Signs an artifact of a registry or a layout, without attaching the signature.
///
/// # Errors
/// [`SignArtifactError`].
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

/// Signs an artifact whose descriptor is known. The descriptor must come from where the artifact is: what it says is signed.
///
/// # Errors
/// [`SignArtifactError::ReservedMetadata`], [`SignArtifactError::Sign`].
pub async fn sign_descriptor(
    artifact: Descriptor,
    user_metadata: BTreeMap<String, String>,
    client: &SignerClient,
    profile: &ProfileArn,
    deadline: Deadline,
) -> Result<SignedArtifact, SignArtifactError> {
    check_user_metadata(&user_metadata)?;
    let payload = payload(&artifact, user_metadata).to_bytes();
    tracing::info!(artifact = %artifact.digest, %profile, region = client.region(), "signing");
    let signature = sign_payload(client, profile, &payload, deadline).await?;
    let signer = &signature.signer;
    tracing::info!(artifact = %artifact.digest, profile_version = %signer.profile_version, job = %signer.job, "signed");
    Ok(SignedArtifact { artifact, signature })
}

/// The payload that is signed for an artifact.
#[must_use]
pub fn payload(artifact: &Descriptor, user_metadata: BTreeMap<String, String>) -> Payload {
    let Descriptor { media_type, digest, size, .. } = artifact.clone();
    Payload {
        target_artifact: Descriptor { media_type, digest, size, artifact_type: None, annotations: user_metadata },
    }
}

/// Checks that no user metadata takes a name of the Notary Project's.
///
/// # Errors
/// [`ReservedMetadata`] names the key.
pub fn check_user_metadata(user_metadata: &BTreeMap<String, String>) -> Result<(), ReservedMetadata> {
    match user_metadata.keys().find(|key| is_reserved(key)) {
        Some(reserved) => Err(ReservedMetadata(reserved.clone())),
        None => Ok(()),
    }
}

/// Attaches a signature to its artifact, by a manifest of this form. Gives the descriptor of the signature's manifest.
///
/// # Errors
/// [`StoreError`] when the registry or the layout does not take it.
pub async fn attach(store: &Store, signed: &SignedArtifact, form: SignatureForm) -> Result<Descriptor, StoreError> {
    let SignedArtifact { artifact, signature } = signed;
    let chain = signature.verified.chain();
    push_signature(store, artifact, &signature.envelope, chain, signature.metadata.clone(), form).await
}
