//! `SignPayload`: signs a Notary Project payload and returns the signature envelope (payload, signature and
//! certificates).

use std::collections::BTreeMap;

use aws_names::{PLUGIN_NAME, ProfileArn};
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::envelope::build::{ProtectedAttributes, build};
use notary::envelope::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE, SignatureAlgorithm, SigningScheme, header};
use notary::manifest::THUMBPRINT_ANNOTATION;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::ca::SigningIdentity;
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, Shape, shapes};
use crate::platforms::{self, Kind};
use crate::store::{Job, JobAdded, JobStatus, ProfileStatus};

const MAX_PAYLOAD: usize = 4096;
const SIGNING_AGENT: &str = concat!("notation-aws-signer-local/", env!("CARGO_PKG_VERSION"));
/// The `statusReason` that AWS gives to finished jobs.
pub const SUCCEEDED: &str = "Signing Succeeded";

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "SignPayload",
    method: Method::POST,
    path: "/signing-jobs/with-payload",
    parameters: &[
        Member::body("profileName", shapes::PROFILE_NAME).required(),
        Member::body("profileOwner", shapes::ACCOUNT_ID),
        Member::body("payload", Shape::Blob { min: 1, max: MAX_PAYLOAD }).required(),
        Member::body("payloadFormat", shapes::TEXT).required(),
    ],
    errors: &[
        ErrorCode::Validation,
        ErrorCode::ResourceNotFound,
        ErrorCode::AccessDenied,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: false,
    quota: Quota::Standard,
    differs: "Signs with certificates of the local certificate authority. The keys of `metadata` are not documented by AWS.",
    run: |service, caller, parameters| {
        Box::pin(async move { Answer::json(&run(service, caller, parameters.parse()?).await?) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The name of the profile.
    pub profile_name: String,
    /// The account that owns the profile; the caller's if absent.
    pub profile_owner: Option<String>,
    /// The payload in base64.
    pub payload: String,
    /// The media type of the payload.
    pub payload_format: String,
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

/// Signs with a profile. The job is durable before this returns.
///
/// # Errors
/// Returns [`ApiError::Validation`] for invalid parameters, a canceled or revoked profile, and a profile of another
/// platform, and [`ApiError::ResourceNotFound`] if the profile does not exist.
pub async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let name = parameters::profile_name(&input.profile_name)?;
    let location = parameters::owned_location(caller, "profileOwner", input.profile_owner.as_deref())?;
    if input.payload_format != PAYLOAD_MEDIA_TYPE {
        let rule = format!("the only supported format is {PAYLOAD_MEDIA_TYPE}");
        return Err(parameters::invalid("payloadFormat", &rule));
    }
    // The contents are not checked: the API calls it a binary payload, and verifiers check it.
    let payload = STANDARD.decode(&input.payload);
    let payload = payload.map_err(|_| parameters::invalid("payload", "Member must be base64"))?;
    let arn = ProfileArn::new(location, name);
    let profile = service.store.profile(&arn, service.clock.now())?.ok_or_else(|| parameters::no_profile(&arn))?;
    if platforms::find(&profile.platform_id).is_none_or(|platform| platform.kind != Kind::Notation) {
        return Err(ApiError::Validation(format!("SignPayload is not supported for platform {}", profile.platform_id)));
    }
    if profile.status != ProfileStatus::Active {
        return Err(not_active(&arn));
    }

    // An envelope has whole seconds, and the job must have the same time.
    let now = service.clock.now();
    let signed_at = now.replace_nanosecond(0).unwrap_or(now);
    let expires_at = profile.validity.end(signed_at);
    let job = Job {
        arn: parameters::new_job(arn.location(), now)?,
        profile: profile.arn,
        platform_id: profile.platform_id,
        invoker: caller.location().account().clone(),
        requested_by: caller.principal(),
        status: JobStatus::Succeeded,
        status_reason: Some(SUCCEEDED.to_owned()),
        created_at: signed_at,
        completed_at: Some(signed_at),
        expires_at: Some(expires_at),
        source: None,
        destination: None,
        signed_object: None,
        signing_material: None,
        overrides: None,
        signing_parameters: profile.signing_parameters,
        revocation: None,
    };
    let identity = service.ca.signing_identity(signed_at)?;
    let envelope = envelope(&payload, &job, expires_at, &identity)?;
    let output = Output {
        job_id: job.arn.id().to_owned(),
        job_owner: job.arn.location().account().to_string(),
        metadata: metadata(&job, &identity)?,
        signature: STANDARD.encode(envelope),
    };
    match service.store.add_job(job.clone()).await? {
        JobAdded::Added => {
            service.controls.events.publish(&job, signed_at);
            Ok(output)
        }
        JobAdded::ProfileNotActive => Err(not_active(&arn)),
    }
}

/// The API Reference: "information including the signing profile ARN and the signing job ID". Its keys are not
/// documented; these are the names of the same values in the rest of the API. notation also needs the thumbprints.
fn metadata(job: &Job, identity: &SigningIdentity) -> Result<BTreeMap<&'static str, String>, ApiError> {
    let thumbprints =
        serde_json::to_string(identity.thumbprints()).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(BTreeMap::from([
        (THUMBPRINT_ANNOTATION, thumbprints),
        ("signingProfileArn", job.profile.profile().to_string()),
        ("signingProfileVersionArn", job.profile.to_string()),
        ("signingJobId", job.arn.id().to_owned()),
        ("signingJobArn", job.arn.to_string()),
    ]))
}

/// The error for a canceled or revoked profile. The Developer Guide does not say which error AWS returns. The state of
/// the profile is the cause, not the caller's permission, so it is a validation error.
fn not_active(arn: &ProfileArn) -> ApiError {
    ApiError::Validation(format!("The signing profile {arn} is canceled or revoked and cannot sign any more."))
}

/// The signature envelope of a job.
///
/// # Errors
/// Returns [`ApiError::Internal`] if signing fails.
pub(crate) fn envelope(
    payload: &[u8],
    job: &Job,
    expires_at: OffsetDateTime,
    identity: &SigningIdentity,
) -> Result<Vec<u8>, ApiError> {
    let attributes = ProtectedAttributes {
        algorithm: SignatureAlgorithm::Es384,
        signing_scheme: SigningScheme::SigningAuthority,
        signing_time: job.created_at,
        expiry: Some(expires_at),
        verification_plugin: Some(PLUGIN_NAME.to_owned()),
        verification_plugin_min_version: None,
        extended: vec![
            (header::SIGNING_PROFILE_VERSION.to_owned(), job.profile.to_string()),
            (header::SIGNING_JOB.to_owned(), job.arn.to_string()),
        ],
    };
    let sign = |input: &[u8]| identity.sign(input);
    build(EnvelopeFormat::Jws, payload, &attributes, identity.chain(), SIGNING_AGENT, sign)
        .map_err(|error| ApiError::Internal(error.to_string()))
}
