//! `StartSigningJob`: signs an object of a bucket in the background.

use aws_names::{JobArn, ProfileArn};
use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::buckets::name;
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};
use crate::platforms::{self, Kind};
use crate::store::{Job, JobStarted, JobStatus, ObjectLocation, ProfileStatus, SourceObject};

/// The longest text that follows the prefix in the key of a signed object: the id of the job and `.zip`.
const AFTER_PREFIX: usize = 40;
/// The longest request token that is kept. AWS's model has no limit; the SDKs send a UUID.
const MAX_TOKEN: usize = 1024;
/// The longest version. Those of S3 have at most 1,024 bytes.
const MAX_VERSION: usize = 1024;

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "StartSigningJob",
    method: Method::POST,
    path: "/signing-jobs",
    parameters: &[
        Member::body("source", shapes::SOURCE).required(),
        Member::body("destination", shapes::DESTINATION).required(),
        Member::body("profileName", shapes::PROFILE_NAME).required(),
        Member::body("clientRequestToken", shapes::TEXT).required(),
        Member::body("profileOwner", shapes::ACCOUNT_ID),
    ],
    errors: &[
        ErrorCode::Validation,
        ErrorCode::ResourceNotFound,
        ErrorCode::AccessDenied,
        ErrorCode::Throttling,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: false,
    quota: Quota::SigningJobs,
    differs: "Zip files are signed in a form of the local signer, which AWS Lambda does not verify. Folders can play \
              buckets. Objects and buckets that do not exist fail the job, not the call. Every principal that may start \
              jobs reads and writes all buckets of the local signer: permissions for Amazon S3 are not evaluated.",
    run: |service, caller, parameters| {
        Box::pin(async move { Answer::json(&run(service, caller, parameters.parse()?).await?) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The object to sign.
    pub source: Source,
    /// Where the signed object is written.
    pub destination: Destination,
    /// The name of the profile.
    pub profile_name: String,
    /// Makes the call idempotent.
    pub client_request_token: String,
    /// The account that owns the profile; the caller's if absent.
    pub profile_owner: Option<String>,
}

/// The object to sign.
#[derive(Debug, Deserialize)]
pub struct Source {
    /// The object in S3. Optional in AWS's model, which has no other kind of source.
    pub s3: Option<SourceObject>,
}

/// Where the signed object is written.
#[derive(Debug, Deserialize)]
pub struct Destination {
    /// The place in S3. Optional in AWS's model, which has no other kind of destination.
    pub s3: Option<Place>,
}

/// A bucket and the start of keys in it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The bucket.
    pub bucket_name: Option<String>,
    /// The prefix of the key.
    #[serde(default)]
    pub prefix: Option<String>,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    job_id: String,
    job_owner: String,
}

impl From<JobArn> for Output {
    fn from(arn: JobArn) -> Self {
        Self { job_id: arn.id().to_owned(), job_owner: arn.location().account().to_string() }
    }
}

/// Starts a job. It is durable before this returns. A token that the account has used before gives the answer of the
/// first call, whatever the other parameters are and whatever has become of the profile.
///
/// # Errors
/// Returns [`ApiError::Validation`] for invalid parameters, a canceled or revoked profile, and a platform without jobs,
/// and [`ApiError::ResourceNotFound`] if the profile does not exist.
pub async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let token = input.client_request_token;
    if token.is_empty() || token.len() > MAX_TOKEN {
        return Err(parameters::invalid("clientRequestToken", "Member must have a length from 1 to 1024"));
    }
    if let Some(arn) = service.store.started_job(caller.location(), &token)? {
        return Ok(arn.into());
    }
    let name = parameters::profile_name(&input.profile_name)?;
    let location = parameters::owned_location(caller, "profileOwner", input.profile_owner.as_deref())?;
    let source = source(input.source)?;
    let destination = destination(input.destination)?;
    let arn = ProfileArn::new(location, name);
    let now = service.clock.now();
    // Recorded from AWS.
    let no_profile = || ApiError::ResourceNotFound(format!("profile with name {} does not exist", arn.name()));
    let profile = service.store.profile(&arn, now)?.ok_or_else(no_profile)?;
    if platforms::find(&profile.platform_id).is_none_or(|platform| platform.kind == Kind::Notation) {
        let platform = profile.platform_id;
        return Err(ApiError::Validation(format!("StartSigningJob is not supported for platform {platform}")));
    }
    if profile.status != ProfileStatus::Active {
        return Err(not_active(&arn));
    }
    // An envelope has whole seconds, and the job must have the same time.
    let created_at = now.replace_nanosecond(0).unwrap_or(now);
    let job = Job {
        arn: parameters::new_job(arn.location(), now)?,
        platform_id: profile.platform_id,
        invoker: caller.location().account().clone(),
        requested_by: caller.principal(),
        status: JobStatus::InProgress,
        status_reason: None,
        created_at,
        completed_at: None,
        expires_at: Some(profile.validity.end(created_at)),
        source: Some(source),
        destination: Some(destination),
        signed_object: None,
        signing_material: profile.signing_material,
        overrides: profile.overrides,
        signing_parameters: profile.signing_parameters,
        revocation: None,
        profile: profile.arn,
    };
    match service.store.start_job(caller.location().clone(), job.clone(), token).await? {
        JobStarted::Started(arn) => {
            service.controls.events.publish(&job, created_at);
            service.jobs.wake();
            Ok(arn.into())
        }
        // Another call with the token was faster.
        JobStarted::Known(arn) => Ok(arn.into()),
        JobStarted::ProfileNotActive => Err(not_active(&arn)),
    }
}

fn source(source: Source) -> Result<SourceObject, ApiError> {
    let source = source.s3.ok_or_else(|| parameters::invalid("source.s3", "Member must not be null"))?;
    bucket("source.s3.bucketName", &source.bucket_name)?;
    if !name::is_key(&source.key) {
        let rule = format!("Member must have a length from 1 to {} bytes", name::MAX_KEY);
        return Err(parameters::invalid("source.s3.key", &rule));
    }
    if source.version.is_empty() || source.version.len() > MAX_VERSION {
        return Err(parameters::invalid("source.s3.version", "Member must have a length from 1 to 1024"));
    }
    Ok(source)
}

fn destination(destination: Destination) -> Result<ObjectLocation, ApiError> {
    let missing = |member| parameters::invalid(member, "Member must not be null");
    let place = destination.s3.ok_or_else(|| missing("destination.s3"))?;
    let bucket_name = place.bucket_name.ok_or_else(|| missing("destination.s3.bucketName"))?;
    bucket("destination.s3.bucketName", &bucket_name)?;
    let key = place.prefix.unwrap_or_default();
    if key.len() > name::MAX_KEY - AFTER_PREFIX {
        let rule = format!("Member must have at most {} bytes", name::MAX_KEY - AFTER_PREFIX);
        return Err(parameters::invalid("destination.s3.prefix", &rule));
    }
    Ok(ObjectLocation { bucket_name, key })
}

fn bucket(parameter: &str, bucket: &str) -> Result<(), ApiError> {
    if name::is_bucket(bucket) {
        return Ok(());
    }
    let rule = "the name of a bucket has 3 to 63 lower-case letters, digits, hyphens and dots, and begins and ends with a \
                letter or a digit";
    Err(parameters::invalid(parameter, rule))
}

fn not_active(arn: &ProfileArn) -> ApiError {
    ApiError::Validation(format!("The signing profile {arn} is canceled or revoked and cannot sign any more."))
}
