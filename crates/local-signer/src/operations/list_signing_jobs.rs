//! `ListSigningJobs`: lists the jobs of the caller's account and region.

use aws_names::AccountId;
use axum::http::Method;
use serde::Deserialize;
use time::Duration;

use super::list_signing_profiles::signing_material;
use super::listing::{Listing, Object};
use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Parameters, Quota, Shape, Timestamp, shapes};
use crate::page_tokens::List;
use crate::platforms;
use crate::store::{JobCursor, JobFilter, JobStatus, ListedJob};

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
              expiry; AWS documents no order. Jobs of the last two years are listed; AWS deletes them six months after \
              the signature expires.",
    run: |service, caller, parameters| Box::pin(async move { run(service, caller, parameters) }),
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

/// Lists jobs that pass all filters and are not too old. Times are compared exclusively: a signature that expires at
/// `signatureExpiresBefore` is not listed.
///
/// # Errors
/// Returns [`ApiError::Validation`] for a malformed filter and for a token of another list.
pub fn run(service: &Service, caller: &Caller, parameters: Parameters) -> Result<Answer, ApiError> {
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
    let limit = input.max_results.unwrap_or(PAGE);
    let mut page = Listing::new("jobs");
    let owner = caller.location().account();
    let next = service.store.jobs(caller.location(), &filter, after, limit, |job| {
        page.push(|item| write(item, job, owner));
    })?;
    Ok(page.finish(next.map(|next| tokens.seal(&list, &next)).transpose()?.as_deref()))
}

/// Writes a `SigningJob` of the API.
fn write(item: &mut Object<'_>, job: &ListedJob<'_>, owner: &AccountId) {
    item.text("jobId", job.id);
    if let Some(source) = job.source {
        item.object("source", |item| item.json("s3", source));
    }
    if let Some(signed) = job.signed_object {
        item.object("signedObject", |item| item.json("s3", signed));
    }
    signing_material(item, job.signing_material);
    item.number("createdAt", job.created_at);
    item.plain("status", job.status.name());
    item.boolean("isRevoked", job.is_revoked);
    item.text("profileName", job.profile_name);
    item.text("profileVersion", job.profile_version);
    item.text("platformId", job.platform_id);
    item.text("platformDisplayName", platforms::display_name(job.platform_id));
    if let Some(expires_at) = job.expires_at {
        item.number("signatureExpiresAt", expires_at);
    }
    item.plain("jobOwner", owner.as_str());
    item.text("jobInvoker", job.invoker);
}
