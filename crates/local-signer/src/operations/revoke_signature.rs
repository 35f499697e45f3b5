//! `RevokeSignature`: permanently revokes one signature.

use aws_names::JobArn;
use serde::Deserialize;

use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::store::Revocation;

/// The operation's parameters.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Input {
    /// The job's id, from the path.
    #[serde(skip)]
    pub job_id: Option<String>,
    /// The account that owns the job; the caller's if absent.
    pub job_owner: Option<String>,
    /// The reason.
    pub reason: Option<String>,
}

/// Revokes the signature of a job of the caller's account and region.
///
/// AWS does not document whether it rejects a second revocation. Here it succeeds, as the request is an idempotent PUT,
/// and the first revocation is kept.
///
/// # Errors
/// Returns [`ApiError::Validation`] for malformed parameters, [`ApiError::AccessDenied`] for another account's job, and
/// [`ApiError::ResourceNotFound`] if the job does not exist.
pub fn run(service: &Service, caller: &Caller, input: Input) -> Result<(), ApiError> {
    let location = parameters::owned_location(caller, "jobOwner", input.job_owner.as_deref())?;
    let arn = JobArn::new(location.clone(), &parameters::required("jobId", input.job_id)?)?;
    let reason = parameters::reason(input.reason)?;
    let revocation = Revocation { revoked_at: service.clock.now(), revoked_by: caller.principal(), reason };
    if service.store.revoke_job(&arn, &revocation)? {
        return Ok(());
    }
    Err(ApiError::ResourceNotFound(format!("The signing job {arn} could not be found.")))
}
