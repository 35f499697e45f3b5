//! `ListSigningJobs`: lists the jobs of the caller's account and region.

use aws_names::AccountId;
use axum::http::Method;
use serde::{Deserialize, Serialize};
use time::Duration;

use super::describe_signing_job::S3;
use super::get_signing_profile::SigningMaterial;
use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Parameters, Quota, Shape, Timestamp, shapes};
use crate::page_tokens::List;
use crate::platforms;
use crate::store::{Job, JobCursor, JobFilter, JobStatus, ObjectLocation, SourceObject};

const PAGE: usize = 25;
/// How long jobs are listed ("viewable by the ListSigningJobs operation for two years after they are performed").
const LISTED: Duration = Duration::days(2 * 365);

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "ListSigningJobs",
    method: Method::GET,
    path: "/signing-jobs",
    parameters: &[
        Member::query("status", shapes::JOB_STATUS),
        Member::query("platformId", shapes::TEXT),
        Member::query("requestedBy", shapes::TEXT),
        Member::query("maxResults", shapes::MAX_RESULTS),
        Member::query("nextToken", shapes::TEXT),
        Member::query("isRevoked", Shape::Boolean),
        Member::query("signatureExpiresBefore", Shape::Timestamp),
        Member::query("signatureExpiresAfter", Shape::Timestamp),
        Member::query("jobInvoker", shapes::ACCOUNT_ID),
    ],
    errors: &[
        ErrorCode::Validation,
        ErrorCode::AccessDenied,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: true,
    quota: Quota::Standard,
    differs: "Jobs come in the order of their creation, the newest first, or with a filter by expiry in the order of \
              expiry; AWS documents no order.",
    run: |service, caller, parameters| Box::pin(async move { Answer::json(&run(service, caller, parameters)?) }),
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    status: Option<JobStatus>,
    platform_id: Option<String>,
    requested_by: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
    is_revoked: Option<bool>,
    signature_expires_before: Option<Timestamp>,
    signature_expires_after: Option<Timestamp>,
    job_invoker: Option<String>,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    jobs: Vec<SigningJob>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SigningJob {
    job_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<S3<SourceObject>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_object: Option<S3<ObjectLocation>>,
    signing_material: SigningMaterial,
    created_at: i64,
    status: JobStatus,
    is_revoked: bool,
    profile_name: String,
    profile_version: String,
    platform_id: String,
    platform_display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_expires_at: Option<i64>,
    job_owner: String,
    job_invoker: String,
}

impl From<Job> for SigningJob {
    fn from(job: Job) -> Self {
        Self {
            job_id: job.arn.id().to_owned(),
            source: job.source.map(|s3| S3 { s3 }),
            signed_object: job.signed_object.map(|s3| S3 { s3 }),
            signing_material: job.signing_material.into(),
            created_at: parameters::seconds(job.created_at),
            status: job.status,
            is_revoked: job.revocation.is_some(),
            profile_name: job.profile.profile().name().to_string(),
            profile_version: job.profile.version().to_owned(),
            platform_display_name: platforms::display_name(&job.platform_id).to_owned(),
            platform_id: job.platform_id,
            signature_expires_at: job.expires_at.map(parameters::seconds),
            job_owner: job.arn.location().account().to_string(),
            job_invoker: job.invoker.to_string(),
        }
    }
}

/// Lists jobs that pass all filters and are not too old. Times are compared exclusively: a signature that expires at
/// `signatureExpiresBefore` is not listed.
///
/// # Errors
/// Returns [`ApiError::Validation`] for a malformed filter and for a token of another list.
pub fn run(service: &Service, caller: &Caller, parameters: Parameters) -> Result<Output, ApiError> {
    let list = List::new(OPERATION.name, caller.location(), &parameters);
    let input: Input = parameters.parse()?;
    let invoker = input.job_invoker.map(|account| account.parse::<AccountId>()).transpose();
    let filter = JobFilter {
        status: input.status,
        platform_id: input.platform_id,
        requested_by: input.requested_by,
        is_revoked: input.is_revoked,
        expires_before: input.signature_expires_before.map(Timestamp::milliseconds),
        expires_after: input.signature_expires_after.map(Timestamp::milliseconds),
        invoker: invoker.map_err(|why| parameters::invalid("jobInvoker", &why.to_string()))?,
        since: service.clock.now().checked_sub(LISTED),
    };
    let tokens = &service.page_tokens;
    let after: Option<JobCursor> = input.next_token.map(|token| tokens.open(&list, &token)).transpose()?;
    let page = service.store.jobs(caller.location(), &filter, after, input.max_results.unwrap_or(PAGE))?;
    Ok(Output {
        jobs: page.jobs.into_iter().map(SigningJob::from).collect(),
        next_token: page.next.map(|next| tokens.seal(&list, &next)).transpose()?,
    })
}
