//! `CancelSigningProfile`, which cannot be undone.

use aws_names::ProfileName;
use limits::Deadline;

use crate::client::SignerClient;
use crate::error::CallError;

/// Cancels a signing profile of the caller's account, in the client's region. It cannot sign afterwards; its signatures
/// stay valid.
///
/// # Errors
/// Returns [`CallError`] if the call fails. The profile may still be canceled; `GetSigningProfile` tells.
pub async fn cancel_signing_profile(
    client: &SignerClient,
    profile: &ProfileName,
    deadline: Deadline,
) -> Result<(), CallError> {
    let request = client.sdk().cancel_signing_profile().profile_name(profile.as_str());
    client.call("CancelSigningProfile", deadline, request.send()).await?;
    Ok(())
}
