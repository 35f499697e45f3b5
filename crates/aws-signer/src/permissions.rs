//! Permissions of other accounts for a signing profile: `ListProfilePermissions`, `AddProfilePermission` and
//! `RemoveProfilePermission` of the AWS Signer API Reference.

use aws_names::ProfileName;
use limits::Deadline;

use super::client::SignerClient;
use super::error::CallError;
use super::members::{invalid, required, text};
use super::pages::{Extent, Pages};

/// A statement that permits an action to a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The id, which is unique in the profile.
    pub statement_id: String,
    /// The action, such as `signer:SignPayload`.
    pub action: String,
    /// The account, or the ARN of the role.
    pub principal: String,
    /// The only version of the profile that it is for; `None` for all versions.
    pub profile_version: Option<String>,
}

/// The permissions of a signing profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// The statements.
    pub permissions: Vec<Permission>,
    /// Whether AWS Signer has more than were asked for.
    pub more: bool,
    /// The revision, which each change replaces.
    pub revision: Option<String>,
    /// The size of the policy in bytes, which AWS Signer limits.
    pub size: u32,
}

/// Lists the permissions of a signing profile of the caller's account, in the client's region.
///
/// # Errors
/// Returns [`CallError`] if a call fails. AWS Signer also answers "not found" if the profile has no permissions.
pub async fn list_permissions(
    client: &SignerClient,
    profile: &ProfileName,
    extent: Extent,
) -> Result<Permissions, CallError> {
    const OPERATION: &str = "ListProfilePermissions";
    let mut pages = Pages::new(extent.limit);
    let (mut revision, mut size) = (None, 0);
    while !pages.is_complete() {
        let request = client.sdk().list_profile_permissions().profile_name(profile.as_str());
        let request = request.set_next_token(pages.token());
        let answer = client.call(OPERATION, Deadline::new(extent.budget), request.send()).await?;
        let permission = |permission: aws_sdk_signer::types::Permission| {
            Ok(Permission {
                statement_id: required("statementId", permission.statement_id)?,
                action: required("action", permission.action)?,
                principal: required("principal", permission.principal)?,
                profile_version: text(permission.profile_version),
            })
        };
        let page = answer.permissions.unwrap_or_default().into_iter().map(permission);
        let page = page.collect::<Result<Vec<_>, String>>();
        let added = page.and_then(|page| pages.add(page, answer.next_token));
        added.map_err(|why| invalid(client, OPERATION, why))?;
        revision = text(answer.revision_id);
        size = u32::try_from(answer.policy_size_bytes).unwrap_or_default();
    }
    let listed = pages.listed();
    Ok(Permissions { permissions: listed.items, more: listed.more, revision, size })
}

/// Adds a permission. `revision` is that of the list, or `None` if the profile has no permissions yet. Returns the new
/// revision.
///
/// # Errors
/// Returns [`CallError`] if the call fails; with the code `contention` if the revision is not the current one, or the
/// statement id is taken.
pub async fn add_permission(
    client: &SignerClient,
    profile: &ProfileName,
    permission: &Permission,
    revision: Option<&str>,
    deadline: Deadline,
) -> Result<String, CallError> {
    const OPERATION: &str = "AddProfilePermission";
    let request = client
        .sdk()
        .add_profile_permission()
        .profile_name(profile.as_str())
        .statement_id(&permission.statement_id)
        .action(&permission.action)
        .principal(&permission.principal)
        .set_profile_version(permission.profile_version.clone())
        .set_revision_id(revision.map(str::to_owned));
    let answer = client.call(OPERATION, deadline, request.send()).await?;
    required("revisionId", answer.revision_id).map_err(|why| invalid(client, OPERATION, why))
}

/// Removes a permission. `revision` is that of the list. Returns the new revision.
///
/// # Errors
/// Returns [`CallError`] if the call fails; with the code `contention` if the revision is not the current one.
pub async fn remove_permission(
    client: &SignerClient,
    profile: &ProfileName,
    statement_id: &str,
    revision: &str,
    deadline: Deadline,
) -> Result<String, CallError> {
    const OPERATION: &str = "RemoveProfilePermission";
    let request = client
        .sdk()
        .remove_profile_permission()
        .profile_name(profile.as_str())
        .statement_id(statement_id)
        .revision_id(revision);
    let answer = client.call(OPERATION, deadline, request.send()).await?;
    required("revisionId", answer.revision_id).map_err(|why| invalid(client, OPERATION, why))
}
