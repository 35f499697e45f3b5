//! The revision of a profile's permissions. AWS Signer refuses a change that does not name the current one, so that two
//! changes at a time do not undo each other.

use aws_signer::{CallError, Permissions, list_permissions};
use notary::ReasonCode;

use crate::management::profile_name::NamedProfile;
use crate::management::service::Service;
use crate::output::exit::CliError;

/// Reads the permissions, with their revision.
pub(super) async fn current(service: &Service, profile: &NamedProfile) -> Result<Permissions, CliError> {
    match list_permissions(&profile.client, &profile.name, service.extent(None)).await {
        Ok(permissions) => Ok(permissions),
        // AWS Signer answers so if the profile has no permissions, and if there is no such profile.
        Err(why) if why.code() == ReasonCode::NotFound => {
            service.own(profile).await?;
            Ok(Permissions { permissions: Vec::new(), more: false, revision: None, size: 0 })
        }
        Err(why) => Err(why.into()),
    }
}

/// Whether the change can be made again with the revision that is current now. `attempts` counts those so far.
pub(super) fn is_outdated(why: &CallError, attempts: u32, given: Option<&str>) -> bool {
    why.code() == ReasonCode::Contention && attempts == 1 && given.is_none()
}

/// The error of a change.
pub(super) async fn failed(why: CallError, given: Option<&str>, service: &Service, profile: &NamedProfile) -> CliError {
    match (why.code(), given) {
        (ReasonCode::Contention, Some(_)) => {
            CliError::from(why).with_advice("Omit --revision-id to use the current revision.")
        }
        (ReasonCode::Contention, None) => CliError::from(why).with_advice(
            "The permissions were changed at the same time. Run the command again; `profile permission list` shows them.",
        ),
        _ => service.explained(why, profile).await,
    }
}
