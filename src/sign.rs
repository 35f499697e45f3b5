//! The signing flow: resolve the artifact, build the payload, have AWS Signer sign it, check the envelope, attach it.

use std::collections::BTreeMap;

use crate::aws::arn::ProfileArn;
use crate::aws::{Deadline, SignError, SignedPayload, SignerClient, sign_payload};
use crate::envelope::{Descriptor, JWS_MEDIA_TYPE, Payload};
use crate::registry::{EMPTY_CONFIG, Manifest, SIGNATURE_MEDIA_TYPE, Store, StoreError, THUMBPRINT_ANNOTATION, Target};
use crate::x509::CertificateChain;

/// Why an artifact was not signed. Nothing is attached unless everything went well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignArtifactError {
    /// The artifact cannot be read, or the signature not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// AWS Signer made no usable signature.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// User metadata takes a name that is reserved.
    #[error("the metadata key {0:?} is reserved: io.cncf.notary belongs to the Notary Project")]
    ReservedMetadata(String),
}

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
    if let Some(reserved) = reserved_key(&user_metadata) {
        return Err(SignArtifactError::ReservedMetadata(reserved.clone()));
    }
    let artifact = store.resolve(target).await?;
    let target_artifact = Descriptor { annotations: user_metadata, ..artifact.clone() };
    let payload = Payload { target_artifact }.to_bytes();
    let signature = sign_payload(client, profile, &payload, deadline).await?;
    Ok(SignedArtifact { artifact, signature })
}

/// A key that signers may not take for their metadata.
pub(crate) fn reserved_key(user_metadata: &BTreeMap<String, String>) -> Option<&String> {
    user_metadata.keys().find(|key| key.starts_with("io.cncf.notary"))
}

/// Attaches a signature to its artifact. Gives the descriptor of the signature's manifest.
///
/// # Errors
/// [`StoreError`] when the registry or the layout does not take it.
pub async fn attach(store: &Store, signed: &SignedArtifact) -> Result<Descriptor, StoreError> {
    let envelope = &signed.signature.envelope;
    let mut annotations = signed.signature.metadata.clone();
    annotations.insert(THUMBPRINT_ANNOTATION.to_owned(), thumbprints(signed.signature.verified.chain()));
    store.push_blob(JWS_MEDIA_TYPE, envelope).await?;
    store.push_blob(SIGNATURE_MEDIA_TYPE, EMPTY_CONFIG).await?;
    store.push_referrer(&Manifest::signature(signed.artifact.clone(), envelope, annotations)).await
}

/// The thumbprints of a chain as the annotation has them: a JSON array in a string.
fn thumbprints(chain: &CertificateChain) -> String {
    let all: Vec<String> = chain.certificates().iter().map(crate::x509::Certificate::thumbprint).collect();
    serde_json::Value::from(all).to_string()
}
