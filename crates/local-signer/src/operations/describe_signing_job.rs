//! `DescribeSigningJob`: describes a signing job.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};
use crate::operations::get_signing_profile::SigningMaterial;
use crate::platforms::{self, Overrides};
use crate::store::{Job, JobStatus, ObjectLocation, Revocation, SourceObject};

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "DescribeSigningJob",
    method: Method::GET,
    path: "/signing-jobs/{jobId}",
    parameters: &[Member::path("jobId", shapes::TEXT)],
    errors: &[
        ErrorCode::ResourceNotFound,
        ErrorCode::AccessDenied,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: true,
    quota: Quota::Standard,
    differs: "The account that asked for a job of another account may describe it, too.",
    run: |service, caller, parameters| {
        Box::pin(async move { Answer::json(&run(service, caller, &parameters.parse()?)?) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The id of the job.
    pub job_id: String,
}

/// The operation's result. Times are Unix seconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    job_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<S3<SourceObject>>,
    signing_material: SigningMaterial,
    platform_id: String,
    platform_display_name: String,
    profile_name: String,
    profile_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    overrides: Option<Overrides>,
    signing_parameters: BTreeMap<String, String>,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_expires_at: Option<i64>,
    requested_by: String,
    status: JobStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_record: Option<RevocationRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_object: Option<S3<ObjectLocation>>,
    job_owner: String,
    job_invoker: String,
}

/// An object in Amazon S3.
#[derive(Debug, Serialize)]
pub(super) struct S3<T> {
    /// The object.
    pub(super) s3: T,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RevocationRecord {
    reason: String,
    revoked_at: i64,
    revoked_by: String,
}

impl From<Revocation> for RevocationRecord {
    fn from(revocation: Revocation) -> Self {
        let revoked_at = parameters::seconds(revocation.revoked_at);
        Self { reason: revocation.reason, revoked_at, revoked_by: revocation.revoked_by }
    }
}

impl From<Job> for Output {
    fn from(job: Job) -> Self {
        Self {
            job_id: job.arn.id().to_owned(),
            source: job.source.map(|s3| S3 { s3 }),
            signing_material: job.signing_material.into(),
            platform_display_name: platforms::display_name(&job.platform_id).to_owned(),
            platform_id: job.platform_id,
            profile_name: job.profile.profile().name().to_string(),
            profile_version: job.profile.version().to_owned(),
            overrides: job.overrides,
            signing_parameters: job.signing_parameters,
            created_at: parameters::seconds(job.created_at),
            completed_at: job.completed_at.map(parameters::seconds),
            signature_expires_at: job.expires_at.map(parameters::seconds),
            requested_by: job.requested_by,
            status: job.status,
            status_reason: job.status_reason,
            revocation_record: job.revocation.map(RevocationRecord::from),
            signed_object: job.signed_object.map(|s3| S3 { s3 }),
            job_owner: job.arn.location().account().to_string(),
            job_invoker: job.invoker.to_string(),
        }
    }
}

/// Describes a job of the caller's region that the caller's account owns or asked for.
///
/// # Errors
/// Returns [`ApiError::ResourceNotFound`] if the job does not exist.
pub fn run(service: &Service, caller: &Caller, input: &Input) -> Result<Output, ApiError> {
    let job = service.store.job(caller.location(), &input.job_id)?;
    job.map(Output::from).ok_or_else(|| parameters::no_job(caller.location(), &input.job_id))
}
