//! `RevokeSignature` and `RevokeSigningProfile`, which cannot be undone: AWS Signer API Reference.

use aws_names::{AccountId, ProfileVersionArn};
use limits::Deadline;
use time::OffsetDateTime;

use super::client::SignerClient;
use super::error::CallError;
use super::members::sdk_time;

/// The maximum length of a reason in characters.
pub const MAX_REASON: usize = 500;

/// Revokes the signature of a signing job in the client's region. `owner` is the job's account; it defaults to the
/// caller's.
///
/// # Errors
/// Returns [`CallError`] if the call fails. The signature may still be revoked; `GetRevocationStatus` tells.
pub async fn revoke_signature(
    client: &SignerClient,
    job_id: &str,
    owner: Option<&AccountId>,
    reason: &str,
    deadline: Deadline,
) -> Result<(), CallError> {
    let request = client.sdk().revoke_signature().job_id(job_id).set_job_owner(owner.map(ToString::to_string));
    client.call("RevokeSignature", deadline, request.reason(reason).send()).await?;
    Ok(())
}

/// Revokes all signatures that a signing profile version made at or after `effective_time`, and prevents further
/// signing with it. The profile is in the client's region and the caller's account.
///
/// # Errors
/// Returns [`CallError`] if the call fails, for example because the time is in the future.
pub async fn revoke_signing_profile(
    client: &SignerClient,
    version: &ProfileVersionArn,
    effective_time: OffsetDateTime,
    reason: &str,
    deadline: Deadline,
) -> Result<(), CallError> {
    let request = client
        .sdk()
        .revoke_signing_profile()
        .profile_name(version.profile().name().as_str())
        .profile_version(version.version())
        .effective_time(sdk_time(effective_time))
        .reason(reason);
    client.call("RevokeSigningProfile", deadline, request.send()).await?;
    Ok(())
}
