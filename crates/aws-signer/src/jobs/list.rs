//! `ListSigningJobs`.

use std::collections::BTreeMap;

use aws_names::Region;
use aws_sdk_signer::types::SigningStatus;
use limits::Deadline;
use time::OffsetDateTime;

use super::{SigningJob, arn, signed_object, source};
use crate::client::SignerClient;
use crate::error::CallError;
use crate::members::{invalid, required, sdk_time, text, time};
use crate::overrides::Overrides;
use crate::pages::{Extent, Listed, Pages};

const OPERATION: &str = "ListSigningJobs";

/// Which signing jobs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only jobs with this status: `InProgress`, `Succeeded` or `Failed`.
    pub status: Option<String>,
    /// Only jobs of this signing platform.
    pub platform: Option<String>,
    /// Only jobs that this IAM principal started.
    pub requested_by: Option<String>,
    /// Only jobs that this account started.
    pub invoker: Option<String>,
    /// Only jobs whose signature was revoked, or was not.
    pub is_revoked: Option<bool>,
    /// Only jobs whose signature expires before this time.
    pub expires_before: Option<OffsetDateTime>,
    /// Only jobs whose signature expires after this time.
    pub expires_after: Option<OffsetDateTime>,
}

/// Lists the signing jobs of the caller's account in the client's region.
///
/// # Errors
/// Returns [`CallError`] if a call fails.
pub async fn list_signing_jobs(
    client: &SignerClient,
    filter: &JobFilter,
    extent: Extent,
) -> Result<Listed<SigningJob>, CallError> {
    let mut pages = Pages::new(extent.limit);
    while !pages.is_complete() {
        let request = client
            .sdk()
            .list_signing_jobs()
            .set_status(filter.status.as_deref().map(SigningStatus::from))
            .set_platform_id(filter.platform.clone())
            .set_requested_by(filter.requested_by.clone())
            .set_job_invoker(filter.invoker.clone())
            .set_is_revoked(filter.is_revoked)
            .set_signature_expires_before(filter.expires_before.map(sdk_time))
            .set_signature_expires_after(filter.expires_after.map(sdk_time))
            .max_results(pages.size())
            .set_next_token(pages.token());
        let answer = client.call(OPERATION, Deadline::new(extent.budget), request.send()).await?;
        let page = answer.jobs.unwrap_or_default().into_iter().map(|job| checked(client.region(), job));
        let added = page.collect::<Result<_, _>>().and_then(|page| pages.add(page, answer.next_token));
        added.map_err(|why| invalid(client, OPERATION, why))?;
    }
    Ok(pages.listed())
}

fn checked(region: &Region, job: aws_sdk_signer::types::SigningJob) -> Result<SigningJob, String> {
    let id = required("jobId", job.job_id)?;
    let status = job.status.map(|status| status.as_str().to_owned());
    Ok(SigningJob {
        arn: arn(region, job.job_owner.as_deref(), &id),
        id,
        status: required("status", status)?,
        status_reason: None,
        profile_name: text(job.profile_name),
        profile_version: text(job.profile_version),
        platform: text(job.platform_id),
        platform_name: text(job.platform_display_name),
        created_at: time(job.created_at.as_ref()),
        completed_at: None,
        signature_expires_at: time(job.signature_expires_at.as_ref()),
        requested_by: None,
        invoker: text(job.job_invoker),
        owner: text(job.job_owner),
        source: source(job.source.as_ref()),
        signed_object: signed_object(job.signed_object.as_ref()),
        signing_material: text(job.signing_material.map(|material| material.certificate_arn)),
        overrides: Overrides::default(),
        signing_parameters: BTreeMap::new(),
        is_revoked: job.is_revoked,
        revocation: None,
    })
}
