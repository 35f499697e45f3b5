//! `AddProfilePermission`: permits another account or a role to use a profile.

use aws_names::ProfileArn;
use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};
use crate::profile_policy::{self, MAX_POLICY_BYTES};
use crate::store::{Permission, PermissionChange};

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "AddProfilePermission",
    method: Method::POST,
    path: "/signing-profiles/{profileName}/permissions",
    parameters: &[
        Member::path("profileName", shapes::PROFILE_NAME),
        Member::body("profileVersion", shapes::PROFILE_VERSION),
        Member::body("action", shapes::TEXT).required(),
        Member::body("principal", shapes::TEXT).required(),
        Member::body("revisionId", shapes::TEXT),
        Member::body("statementId", shapes::TEXT).required(),
    ],
    errors: &[
        ErrorCode::Validation,
        ErrorCode::ResourceNotFound,
        ErrorCode::AccessDenied,
        ErrorCode::ServiceLimitExceeded,
        ErrorCode::Conflict,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: false,
    quota: Quota::Standard,
    differs: "Does not look up whether the principal exists, and takes accounts and roles on all platforms; AWS documents \
        signing across accounts for AWS Lambda and containers only.",
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
    /// The version that the permission is limited to.
    pub profile_version: Option<String>,
    /// The permitted action.
    pub action: String,
    /// Who is permitted.
    pub principal: String,
    /// The current revision of the permissions; absent or empty for the first one.
    pub revision_id: Option<String>,
    /// The name of the statement.
    pub statement_id: String,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    pub(super) revision_id: String,
}

/// Adds a permission to a profile of the caller's account.
///
/// # Errors
/// Returns [`ApiError::Validation`] for invalid parameters, a profile that is not active, a revision that is missing or
/// given without need, and a statement id that is taken; [`ApiError::ResourceNotFound`] if the profile or its version
/// does not exist; [`ApiError::Conflict`] for another revision; and [`ApiError::ServiceLimitExceeded`] if the policy
/// becomes too large.
pub async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let arn = ProfileArn::new(caller.location().clone(), parameters::profile_name(&input.profile_name)?);
    let statement_id = profile_policy::statement_id(&input.statement_id)?;
    profile_policy::check_principal(caller.location().partition(), &input.principal)?;
    let profile = service.store.profile(&arn, service.clock.now())?.ok_or_else(|| profile_policy::no_profile(&arn))?;
    profile_policy::check_action(&profile.platform_id, &input.action)?;
    if let Some(version) = input.profile_version.as_deref().filter(|version| *version != profile.arn.version()) {
        let why = format!("Version {version} does not exist for SigningProfile {}.", arn.name());
        return Err(ApiError::ResourceNotFound(why).with_detail("ProfileVersionNotFound"));
    }

    let next = uuid::Uuid::new_v4().to_string();
    let permission = Permission {
        action: input.action,
        principal: input.principal,
        statement_id,
        profile_version: input.profile_version,
    };
    // Terraform's provider sends an empty revision for the first permission.
    let specified = input.revision_id.filter(|revision| !revision.is_empty());
    let sized = arn.clone();
    let fits = move |permissions: &[Permission]| profile_policy::limited_size(&sized, permissions) <= MAX_POLICY_BYTES;
    let added = service.store.add_permission(arn.clone(), permission, specified.clone(), next.clone(), fits);
    match added.await? {
        PermissionChange::Changed => Ok(Output { revision_id: next }),
        PermissionChange::Same(revision_id) => Ok(Output { revision_id }),
        PermissionChange::NoProfile => Err(profile_policy::no_profile(&arn)),
        PermissionChange::NotActive(status) => Err(profile_policy::not_active("add permission to", status)),
        PermissionChange::OtherRevision(current) => {
            Err(profile_policy::other_revision(&arn, specified.as_deref(), current.as_deref()))
        }
        PermissionChange::Statement => Err(ApiError::Validation(format!(
            "Statement with statementId {} is already in the policy",
            input.statement_id
        ))
        .with_detail("InvalidPermissionStatement")),
        PermissionChange::TooLarge => Err(ApiError::ServiceLimitExceeded(format!(
            "Policy cannot exceed maximum size of {MAX_POLICY_BYTES} bytes"
        ))
        .with_detail("ServiceLimitExceeded")),
    }
}
