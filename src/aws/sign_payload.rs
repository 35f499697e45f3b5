//! `SignPayload`: asking AWS Signer for a signature envelope, and checking what came back before anyone uses it.

use std::collections::BTreeMap;

use aws_sdk_signer::primitives::Blob;
use time::OffsetDateTime;

use super::PLUGIN_NAME;
use super::arn::{ArnError, JobArn, ProfileArn, ProfileVersionArn};
use super::client::SignerClient;
use super::deadline::Deadline;
use super::error::{CallError, Failure};
use crate::envelope::{
    Envelope, EnvelopeError, PAYLOAD_MEDIA_TYPE, SigningScheme, VerifiedEnvelope, VerifyError, header,
};
use crate::json::JsonError;

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
    /// The version of the profile that signed.
    pub profile_version: ProfileVersionArn,
    /// The job that signed.
    pub job: JobArn,
}

/// Why there is no usable signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
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
#[non_exhaustive]
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
    /// It is not of a signing authority.
    #[error("its signing scheme is {}, not notary.x509.signingAuthority", .0.as_str())]
    Scheme(SigningScheme),
    /// A verifier would have to run another plugin.
    #[error("it names the verification plugin {0:?}, not {PLUGIN_NAME}")]
    OtherPlugin(String),
    /// An attribute of AWS Signer is missing or malformed.
    #[error("its signed attributes are incomplete: {0}")]
    Attribute(#[from] JsonError),
    /// An attribute of AWS Signer is not the ARN that it must be.
    #[error("its signed attributes are wrong: {0}")]
    Arn(#[from] ArnError),
    /// It marks an attribute as critical that nobody here understands.
    #[error("it has the critical attribute {0:?}, which is not known")]
    UnknownCritical(String),
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
    let (profile_version, job) = check_envelope(&verified, profile, payload)?;
    let metadata = answer.metadata.unwrap_or_default().into_iter().collect();
    Ok(SignedPayload { envelope, verified, metadata, profile_version, job })
}

/// Checks that a verified envelope is what `profile` was asked to make of `payload`. Gives the profile version and the job.
///
/// # Errors
/// [`CheckError`] names what differs.
pub fn check_envelope(
    envelope: &VerifiedEnvelope,
    profile: &ProfileArn,
    payload: &[u8],
) -> Result<(ProfileVersionArn, JobArn), CheckError> {
    if envelope.payload() != payload {
        return Err(CheckError::OtherPayload);
    }
    let attributes = envelope.attributes();
    if attributes.signing_scheme != SigningScheme::SigningAuthority {
        return Err(CheckError::Scheme(attributes.signing_scheme));
    }
    if let Some(other) = attributes.verification_plugin.as_ref().filter(|name| *name != PLUGIN_NAME) {
        return Err(CheckError::OtherPlugin(other.clone()));
    }
    let known = [header::SIGNING_PROFILE_VERSION, header::SIGNING_JOB];
    if let Some(unknown) = attributes.extended_critical.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(CheckError::UnknownCritical(unknown.clone()));
    }
    let version: ProfileVersionArn = attributes.critical_string(header::SIGNING_PROFILE_VERSION)?.parse()?;
    let job: JobArn = attributes.critical_string(header::SIGNING_JOB)?.parse()?;
    if version.profile() != profile {
        return Err(CheckError::OtherProfile { found: version.profile().to_string(), expected: profile.to_string() });
    }
    Ok((version, job))
}
