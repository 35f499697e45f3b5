//! `RevokeSignature`: permanently revokes one signature.

use aws_names::JobArn;
use axum::http::Method;
use serde::Deserialize;

use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};
use crate::platforms;
use crate::store::{JobStatus, Revocation};

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "RevokeSignature",
    method: Method::PUT,
    path: "/signing-jobs/{jobId}/revoke",
    parameters: &[
        Member::path("jobId", shapes::TEXT),
        Member::body("jobOwner", shapes::ACCOUNT_ID),
        Member::body("reason", shapes::REASON).required(),
    ],
    errors: &[
        ErrorCode::Validation,
        ErrorCode::AccessDenied,
        ErrorCode::ResourceNotFound,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: false,
    quota: Quota::Standard,
    differs: "",
    run: |service, caller, parameters| {
        Box::pin(async move { run(service, caller, parameters.parse()?).await.map(|()| Answer::default()) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The id of the job.
    pub job_id: String,
    /// The account that owns the job; the caller's if absent.
    pub job_owner: Option<String>,
    /// The reason.
    pub reason: String,
}

/// Revokes the signature of a job.
///
/// AWS does not document whether it rejects a second revocation. Here it succeeds, as the request is an idempotent PUT,
/// and the first revocation is kept.
///
/// # Errors
/// Returns [`ApiError::Validation`] for malformed parameters, a job without signature and a platform without
/// revocation, and [`ApiError::ResourceNotFound`] if the job does not exist.
pub async fn run(service: &Service, caller: &Caller, input: Input) -> Result<(), ApiError> {
    let location = parameters::owned_location(caller, "jobOwner", input.job_owner.as_deref())?;
    let missing = || parameters::no_job(&location, &input.job_id);
    let arn = JobArn::new(location.clone(), &input.job_id).map_err(|_| missing())?;
    let job = service.store.job(&location, arn.id())?.filter(|job| job.arn == arn).ok_or_else(missing)?;
    if job.status != JobStatus::Succeeded {
        return Err(ApiError::Validation(format!(
            "The signing job {arn} has no signature: it is {}.",
            job.status.name()
        )));
    }
    if platforms::find(&job.platform_id).is_some_and(|platform| !platform.revocation_supported) {
        return Err(ApiError::Validation(format!("Revocation is not supported for platform {}.", job.platform_id)));
    }
    let revocation =
        Revocation { revoked_at: service.clock.now(), revoked_by: caller.principal(), reason: input.reason };
    if service.store.revoke_job(arn, revocation).await? { Ok(()) } else { Err(missing()) }
}
