//! `SignPayload`: asking AWS Signer for a signature envelope, and checking what came back before anyone uses it.

use std::collections::BTreeMap;

use aws_names::ProfileArn;
use aws_sdk_signer::primitives::Blob;
use limits::Deadline;
use notary::envelope::{Envelope, EnvelopeError, PAYLOAD_MEDIA_TYPE, VerifiedEnvelope, VerifyError};
use time::OffsetDateTime;

use super::attributes::{AttributesError, SignerAttributes};
use super::client::SignerClient;
use super::error::{CallError, Failure};

/// What AWS Signer made of a payload, checked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignedPayload {
    /// The signature envelope as it came.
    pub envelope: Vec<u8>,
    /// The same, verified.
    pub verified: VerifiedEnvelope,
    /// The service's metadata: annotations for the signature's manifest.
    pub metadata: BTreeMap<String, String>,
    /// The version of the profile and the job that signed.
    pub signer: SignerAttributes,
}

/// Why there is no usable signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The service answered with an envelope that must not be used.
    #[error("AWS Signer's envelope was refused: {0}")]
    Envelope(#[from] CheckError),
}

/// Why an envelope is not the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It is not an envelope.
    #[error(transparent)]
    Malformed(#[from] EnvelopeError),
    /// Its signature or chain does not verify.
    #[error(transparent)]
    NotVerified(#[from] VerifyError),
    /// It signs something else.
    #[error("its payload is not the one that was sent")]
    OtherPayload,
    /// Its signed attributes are not those that AWS Signer makes.
    #[error(transparent)]
    Attributes(#[from] AttributesError),
    /// It was made by another profile.
    #[error("it was signed by the profile {found}, not by {expected}")]
    OtherProfile {
        /// The profile in the envelope.
        found: String,
        /// The profile that was asked for.
        expected: String,
    },
}

/// Has AWS Signer sign `payload` with `profile`, and checks the envelope.
///
/// # Errors
/// [`SignError::Call`] when the call fails or the deadline passes, [`SignError::Envelope`] when what came back must not be used.
pub async fn sign_payload(
    client: &SignerClient,
    profile: &ProfileArn,
    payload: &[u8],
    deadline: Deadline,
) -> Result<SignedPayload, SignError> {
    const OPERATION: &str = "SignPayload";
    let request = client
        .sdk()
        .sign_payload()
        .profile_name(profile.name().as_str())
        .profile_owner(profile.location().account())
        .payload(Blob::new(payload))
        .payload_format(PAYLOAD_MEDIA_TYPE);
    let answer = client.call(OPERATION, deadline, request.send()).await?;
    let envelope = answer.signature.map(Blob::into_inner).unwrap_or_default();
    if envelope.is_empty() {
        return Err(client.failed(OPERATION, Failure::Answer("it has no signature".to_owned())).into());
    }
    let verified = Envelope::parse(&envelope).map_err(CheckError::from)?;
    let verified = verified.verify(OffsetDateTime::now_utc()).map_err(CheckError::from)?;
    let signer = check_envelope(&verified, profile, payload)?;
    let metadata = answer.metadata.unwrap_or_default().into_iter().collect();
    Ok(SignedPayload { envelope, verified, metadata, signer })
}

/// Checks that a verified envelope is what `profile` was asked to make of `payload`. Gives the profile version and
/// the job.
///
/// # Errors
/// [`CheckError`] names what differs.
pub fn check_envelope(
    envelope: &VerifiedEnvelope,
    profile: &ProfileArn,
    payload: &[u8],
) -> Result<SignerAttributes, CheckError> {
    if envelope.payload() != payload {
        return Err(CheckError::OtherPayload);
    }
    let signer = SignerAttributes::of(envelope.attributes())?;
    if signer.profile_version.profile() != profile {
        let found = signer.profile_version.profile().to_string();
        return Err(CheckError::OtherProfile { found, expected: profile.to_string() });
    }
    Ok(signer)
}
