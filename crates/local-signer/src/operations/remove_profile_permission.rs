//! `RemoveProfilePermission`: removes a cross-account permission from a profile.

use aws_names::ProfileArn;
use axum::http::Method;
use serde::Deserialize;

use super::add_profile_permission::Output;
use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};
use crate::profile_policy;
use crate::store::PermissionChange;

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "RemoveProfilePermission",
    method: Method::DELETE,
    path: "/signing-profiles/{profileName}/permissions/{statementId}",
    parameters: &[
        Member::path("profileName", shapes::PROFILE_NAME),
        Member::query("revisionId", shapes::TEXT).required(),
        Member::path("statementId", shapes::TEXT),
    ],
    errors: &[
        ErrorCode::Validation,
        ErrorCode::ResourceNotFound,
        ErrorCode::AccessDenied,
        ErrorCode::Conflict,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: false,
    quota: Quota::Standard,
    differs: "",
    run: |service, caller, parameters| {
        Box::pin(async move { Answer::json(&run(service, caller, parameters.parse()?).await?) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The name of the profile.
    pub profile_name: String,
    /// The current revision of the permissions.
    pub revision_id: String,
    /// The name of the statement.
    pub statement_id: String,
}

/// Removes a permission from a profile of the caller's account.
///
/// # Errors
/// Returns [`ApiError::ResourceNotFound`] if the profile or the statement does not exist, and [`ApiError::Conflict`]
/// for another revision.
pub async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let arn = ProfileArn::new(caller.location().clone(), parameters::profile_name(&input.profile_name)?);
    if !parameters::exists(service, &arn)? {
        return Err(profile_policy::no_profile(&arn));
    }
    let next = uuid::Uuid::new_v4().to_string();
    let removed = service.store.remove_permission(
        arn.clone(),
        input.statement_id.clone(),
        Some(input.revision_id.clone()),
        next.clone(),
    );
    match removed.await? {
        PermissionChange::Changed => Ok(Output { revision_id: next }),
        PermissionChange::NoProfile => Err(profile_policy::no_profile(&arn)),
        PermissionChange::NotActive(status) => Err(profile_policy::not_active("remove permission from", status)),
        PermissionChange::OtherRevision(None) => Err(profile_policy::no_policy(&arn)),
        PermissionChange::OtherRevision(current) => {
            Err(profile_policy::other_revision(&arn, Some(&input.revision_id), current.as_deref()))
        }
        _ => Err(ApiError::ResourceNotFound(format!(
            "No policy named {} associated with {} profile",
            input.statement_id,
            arn.name()
        ))
        .with_detail("PolicyNotFound")),
    }
}
