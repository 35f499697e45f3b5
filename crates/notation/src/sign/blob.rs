//! Signing blobs: notaryproject/specifications, `signing-and-verification-workflow.md`, "Blob signing workflow".

use std::io;
use std::io::Read;
use std::time::Duration;

use aws_names::ProfileArn;
use aws_signer::{SignError, SignedPayload, SignerClient, sign_payload};
use limits::Deadline;
use notary::envelope::Payload;
use notary::{Descriptor, DigestAlgorithm, UserMetadata};

use crate::blob::{DEFAULT_MEDIA_TYPE, describe, digest_algorithm, is_media_type};

/// Why a blob was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignBlobError {
    /// The blob cannot be read.
    #[error("the content cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The media type is malformed.
    #[error("{0:?} is not a valid media type; expected the form {DEFAULT_MEDIA_TYPE}")]
    MediaType(String),
    /// AWS Signer returned no usable signature.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The signing key is not of the usual type of AWS Signer's keys and requires another digest algorithm.
    #[error("AWS Signer signed with a key that requires another digest algorithm than SHA-384")]
    OtherKey,
}

/// A signature over a blob. Its envelope is stored in a separate file next to the blob.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignedBlob {
    /// The blob. The annotations are the user metadata.
    pub blob: Descriptor,
    /// The envelope and AWS Signer's information about it.
    pub signature: SignedPayload,
}

/// Reads a blob to its end and signs it with AWS Signer. The time budget is that of the call and starts after reading.
///
/// # Errors
/// Returns [`SignBlobError`] if the blob cannot be read, the media type is invalid, or signing fails.
pub async fn sign_blob(
    content: impl Read,
    media_type: &str,
    user_metadata: UserMetadata,
    client: &SignerClient,
    profile: &ProfileArn,
    budget: Duration,
) -> Result<SignedBlob, SignBlobError> {
    const ALGORITHM: DigestAlgorithm = DigestAlgorithm::Sha384;
    if !is_media_type(media_type) {
        return Err(SignBlobError::MediaType(media_type.chars().take(200).collect()));
    }
    let blob =
        Descriptor { annotations: user_metadata.into_annotations(), ..describe(content, media_type, ALGORITHM)? };
    let payload = Payload { target_artifact: blob.clone() }.to_bytes();
    let signature = sign_payload(client, profile, &payload, Deadline::new(budget)).await?;
    if digest_algorithm(signature.verified.chain()) != Some(ALGORITHM) {
        return Err(SignBlobError::OtherKey);
    }
    Ok(SignedBlob { blob, signature })
}
