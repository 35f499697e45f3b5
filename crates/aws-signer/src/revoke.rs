//! `RevokeSignature` and `RevokeSigningProfile`: taking trust back, for good. AWS Signer API Reference.

use aws_names::ProfileVersionArn;
use aws_sdk_signer::primitives::DateTime;
use limits::Deadline;
use time::OffsetDateTime;

use super::client::SignerClient;
use super::error::CallError;

/// The longest reason that AWS Signer takes, in characters.
pub const MAX_REASON: usize = 500;

/// Revokes the signature that a job made. The job is one of the client's region; without `owner` it is one of the caller's
/// account.
///
/// # Errors
/// [`CallError`]; the signature is then revoked or not, which `GetRevocationStatus` knows.
pub async fn revoke_signature(
    client: &SignerClient,
    job_id: &str,
    owner: Option<&str>,
    reason: &str,
    deadline: Deadline,
) -> Result<(), CallError> {
    let request = client.sdk().revoke_signature().job_id(job_id).set_job_owner(owner.map(str::to_owned));
    client.call("RevokeSignature", deadline, request.reason(reason).send()).await?;
    Ok(())
}

/// Revokes all that a version of a signing profile signed at `effective_time` and later, and ends signing with it. The profile
/// is one of the client's region and the caller's account.
///
/// # Errors
/// [`CallError`], among others for a time in the future.
pub async fn revoke_signing_profile(
    client: &SignerClient,
    version: &ProfileVersionArn,
    effective_time: OffsetDateTime,
    reason: &str,
    deadline: Deadline,
) -> Result<(), CallError> {
    let time = DateTime::from_secs_and_nanos(effective_time.unix_timestamp(), effective_time.nanosecond());
    let request = client
        .sdk()
        .revoke_signing_profile()
        .profile_name(version.profile().name().as_str())
        .profile_version(version.version())
        .effective_time(time)
        .reason(reason);
    client.call("RevokeSigningProfile", deadline, request.send()).await?;
    Ok(())
}
