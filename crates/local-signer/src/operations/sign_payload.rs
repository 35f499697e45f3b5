//! `SignPayload`: signs a Notary Project payload and returns the signature envelope (payload, signature and
//! certificates).

use std::collections::BTreeMap;

use aws_names::{JobArn, PLUGIN_NAME, ProfileArn};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::envelope::build::{ProtectedAttributes, build};
use notary::envelope::{PAYLOAD_MEDIA_TYPE, header};
use notary::manifest::THUMBPRINT_ANNOTATION;
use serde::{Deserialize, Serialize};

use super::{Service, parameters};
use crate::ca::SigningIdentity;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::store::{Job, JobAdded, ProfileStatus};

const MAX_PAYLOAD: usize = 4096;
const SIGNING_AGENT: &str = concat!("notation-aws-signer-local/", env!("CARGO_PKG_VERSION"));

/// The operation's parameters.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Input {
    /// The name of the profile.
    pub profile_name: Option<String>,
    /// The account that owns the profile; the caller's if absent.
    pub profile_owner: Option<String>,
    /// The payload in base64.
    pub payload: Option<String>,
    /// The media type of the payload.
    pub payload_format: Option<String>,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    job_id: String,
    job_owner: String,
    metadata: BTreeMap<&'static str, String>,
    /// The envelope in base64.
    signature: String,
}

/// Signs with a profile of the caller's account. The job is durable before this returns.
///
/// # Errors
/// Returns [`ApiError::Validation`] for invalid parameters and for a canceled or revoked profile,
/// [`ApiError::Serialization`] if the payload is not base64, [`ApiError::AccessDenied`] for another account's profile,
/// and [`ApiError::ResourceNotFound`] if the profile does not exist.
pub fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let name = parameters::profile_name(input.profile_name.as_deref())?;
    let location = parameters::owned_location(caller, "profileOwner", input.profile_owner.as_deref())?;
    if parameters::required("payloadFormat", input.payload_format)? != PAYLOAD_MEDIA_TYPE {
        return Err(parameters::invalid(
            "payloadFormat",
            &format!("the only supported format is {PAYLOAD_MEDIA_TYPE}"),
        ));
    }
    let payload = payload(input.payload)?;
    let arn = ProfileArn::new(location.clone(), name);
    let profile = service
        .store
        .profile(&arn)?
        .ok_or_else(|| ApiError::ResourceNotFound(format!("The signing profile {arn} could not be found.")))?;
    if profile.status != ProfileStatus::Active {
        return Err(not_active(&arn));
    }

    // An envelope has whole seconds, and the job must have the same time.
    let now = service.clock.now();
    let signed_at = now.replace_nanosecond(0).unwrap_or(now);
    let job = Job {
        arn: JobArn::new(caller.location().clone(), &uuid::Uuid::new_v4().to_string())?,
        profile: profile.arn,
        platform_id: profile.platform_id,
        invoker: caller.principal(),
        signed_at,
        expires_at: profile.validity.end(signed_at),
    };
    let identity = service.ca.signing_identity(signed_at)?;
    let envelope = envelope(&payload, &job, &identity)?;
    match service.store.add_job(&job)? {
        JobAdded::Added => {}
        JobAdded::ProfileNotActive => return Err(not_active(&arn)),
    }

    let thumbprints =
        serde_json::to_string(&identity.thumbprints()).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(Output {
        job_id: job.arn.id().to_owned(),
        job_owner: job.arn.location().account().to_string(),
        metadata: BTreeMap::from([(THUMBPRINT_ANNOTATION, thumbprints)]),
        signature: STANDARD.encode(envelope),
    })
}

/// Decodes the payload. Its contents are not checked: the API calls it a binary payload, and verifiers check it.
fn payload(base64: Option<String>) -> Result<Vec<u8>, ApiError> {
    let payload = STANDARD
        .decode(parameters::required("payload", base64)?)
        .map_err(|_| ApiError::Serialization("the payload is not base64".to_owned()))?;
    match payload.len() {
        1..=MAX_PAYLOAD => Ok(payload),
        _ => Err(parameters::invalid("payload", &format!("Member must have length from 1 to {MAX_PAYLOAD}"))),
    }
}

/// The error for a canceled or revoked profile. The Developer Guide does not say which error AWS returns. The state of
/// the profile is the cause, not the caller's permission, so it is a validation error.
fn not_active(arn: &ProfileArn) -> ApiError {
    ApiError::Validation(format!("The signing profile {arn} is canceled or revoked and cannot sign any more."))
}

fn envelope(payload: &[u8], job: &Job, identity: &SigningIdentity) -> Result<Vec<u8>, ApiError> {
    let attributes = ProtectedAttributes {
        algorithm: "ES384",
        authentic_signing_time: job.signed_at,
        expiry: Some(job.expires_at),
        verification_plugin: Some(PLUGIN_NAME.to_owned()),
        extended: vec![
            (header::SIGNING_PROFILE_VERSION.to_owned(), job.profile.to_string()),
            (header::SIGNING_JOB.to_owned(), job.arn.to_string()),
        ],
    };
    build(payload, &attributes, identity.chain(), SIGNING_AGENT, |input| identity.sign(input))
        .map_err(|error| ApiError::Internal(error.to_string()))
}
