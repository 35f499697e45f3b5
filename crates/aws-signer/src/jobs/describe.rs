//! `DescribeSigningJob`.

use limits::Deadline;

use super::{JobRevocation, SigningJob, arn, signed_object, source};
use crate::client::SignerClient;
use crate::error::CallError;
use crate::members::{invalid, pairs, required, text, time};
use crate::overrides::Overrides;

/// Returns the signing job with this id in the client's region.
///
/// # Errors
/// Returns [`CallError`] if the call fails, for example because there is no such job.
pub async fn signing_job(client: &SignerClient, id: &str, deadline: Deadline) -> Result<SigningJob, CallError> {
    const OPERATION: &str = "DescribeSigningJob";
    let request = client.sdk().describe_signing_job().job_id(id);
    let answer = client.call(OPERATION, deadline, request.send()).await?;
    let wrong = |why: String| invalid(client, OPERATION, why);
    let answered = required("jobId", answer.job_id).map_err(wrong)?;
    if answered != id {
        return Err(wrong(format!("it is of the job {answered:?}")));
    }
    let status = answer.status.map(|status| status.as_str().to_owned());
    let revocation = answer.revocation_record.map(|record| JobRevocation {
        revoked_at: time(record.revoked_at.as_ref()),
        reason: text(record.reason),
        revoked_by: text(record.revoked_by),
    });
    Ok(SigningJob {
        arn: arn(client.region(), answer.job_owner.as_deref(), &answered),
        id: answered,
        status: required("status", status).map_err(wrong)?,
        status_reason: text(answer.status_reason),
        profile_name: text(answer.profile_name),
        profile_version: text(answer.profile_version),
        platform: text(answer.platform_id),
        platform_name: text(answer.platform_display_name),
        created_at: time(answer.created_at.as_ref()),
        completed_at: time(answer.completed_at.as_ref()),
        signature_expires_at: time(answer.signature_expires_at.as_ref()),
        requested_by: text(answer.requested_by),
        invoker: text(answer.job_invoker),
        owner: text(answer.job_owner),
        source: source(answer.source.as_ref()),
        signed_object: signed_object(answer.signed_object.as_ref()),
        signing_material: text(answer.signing_material.map(|material| material.certificate_arn)),
        overrides: Overrides::from_sdk(answer.overrides.as_ref()),
        signing_parameters: pairs(answer.signing_parameters),
        is_revoked: revocation.is_some(),
        revocation,
    })
}
