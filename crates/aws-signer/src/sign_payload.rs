//! `SignPayload`: having AWS Signer sign a payload, and checking the returned signature envelope (the signed document
//! that holds payload, certificates and signature).

use std::collections::BTreeMap;

use aws_names::{ProfileArn, SigningProfileVersion};
use aws_sdk_signer::primitives::Blob;
use limits::Deadline;
use notary::envelope::{Envelope, EnvelopeError, EnvelopeFormat, PAYLOAD_MEDIA_TYPE, VerifiedEnvelope, VerifyError};
use notary::{Advice, Disposition, ReasonCode};
use time::OffsetDateTime;

use super::attributes::{AttributesError, SignerAttributes};
use super::client::SignerClient;
use super::error::CallError;
use super::failure::Failure;

/// A payload signed by AWS Signer, checked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignedPayload {
    /// The signature envelope, unchanged.
    pub envelope: Vec<u8>,
    /// The verified envelope.
    pub verified: VerifiedEnvelope,
    /// The metadata in the answer: annotations for the signature manifest.
    pub metadata: BTreeMap<String, String>,
    /// The signing profile version and the signing job.
    pub signer: SignerAttributes,
}

/// An error while signing a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The returned envelope was rejected.
    #[error("AWS Signer's envelope was refused: {0}")]
    Envelope(#[from] CheckError),
}

impl SignError {
    /// Returns the kind of this failure. An envelope of AWS Signer that must not be used is an invalid answer of the
    /// service: no signature of an artifact was judged.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Call(why) => why.code(),
            Self::Envelope(why) => why.code(),
        }
    }

    /// Returns what the failure means for the caller.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code().disposition()
    }

    /// Returns what to do about the failure.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Call(why) => why.advice(),
            Self::Envelope(_) => None,
        }
    }
}

/// An envelope that does not match the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The envelope is malformed.
    #[error(transparent)]
    Malformed(#[from] EnvelopeError),
    /// Its signature or chain is invalid.
    #[error(transparent)]
    NotVerified(#[from] VerifyError),
    /// It signs another payload.
    #[error("its payload is not the one that was sent")]
    OtherPayload,
    /// Its signed attributes are not those of AWS Signer.
    #[error(transparent)]
    Attributes(#[from] AttributesError),
    /// Another profile signed it.
    #[error("it was signed by the profile {found}, not by {expected}")]
    OtherProfile {
        /// The profile in the envelope.
        found: String,
        /// The requested profile.
        expected: String,
    },
}

impl CheckError {
    /// Returns the kind of this failure: AWS Signer's answer does not match the request.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        ReasonCode::Protocol
    }
}

/// Signs `payload` with `profile` in AWS Signer, and checks the returned envelope.
///
/// # Errors
/// Returns [`SignError::Call`] if the call fails or the deadline passes, and [`SignError::Envelope`] if the returned
/// envelope is invalid or does not match the request.
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
        .profile_owner(profile.location().account().as_str())
        .payload(Blob::new(payload))
        .payload_format(PAYLOAD_MEDIA_TYPE);
    let answer = client.call(OPERATION, deadline, request.send()).await?;
    let envelope = answer.signature.map(Blob::into_inner).unwrap_or_default();
    if envelope.is_empty() {
        return Err(client.failed(OPERATION, Failure::Answer("it has no signature".to_owned())).into());
    }
    let verified = Envelope::parse(EnvelopeFormat::Jws, &envelope).map_err(CheckError::from)?;
    let verified = verified.verify(OffsetDateTime::now_utc()).map_err(CheckError::from)?;
    let signer = check_envelope(&verified, profile, payload)?;
    let metadata = answer.metadata.unwrap_or_default().into_iter().collect();
    Ok(SignedPayload { envelope, verified, metadata, signer })
}

/// Checks that a verified envelope signs `payload` with `profile`. Returns the profile version, its alias and the job.
/// An envelope that names an aliased signing profile must be of the same account, region and partition.
///
/// # Errors
/// Returns [`CheckError`] if payload, profile or signed attributes differ.
pub fn check_envelope(
    envelope: &VerifiedEnvelope,
    profile: &ProfileArn,
    payload: &[u8],
) -> Result<SignerAttributes, CheckError> {
    if envelope.payload() != payload {
        return Err(CheckError::OtherPayload);
    }
    let signer = SignerAttributes::from_signed(envelope.attributes())?;
    let is_requested = match &signer.profile_version {
        SigningProfileVersion::Profile(version) => version.profile() == profile,
        // The signature of a profile that may be used through its alias only does not name the profile.
        SigningProfileVersion::Aliased(aliased) => aliased.location() == profile.location(),
    };
    if !is_requested {
        let found = signer.profile_version.unversioned();
        return Err(CheckError::OtherProfile { found, expected: profile.to_string() });
    }
    Ok(signer)
}
