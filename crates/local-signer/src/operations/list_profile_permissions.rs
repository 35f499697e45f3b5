//! `ListProfilePermissions`: lists the cross-account permissions of a profile.

use aws_names::ProfileArn;
use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};
use crate::store::Permission;
use crate::{page_tokens, profile_policy};

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "ListProfilePermissions",
    method: Method::GET,
    path: "/signing-profiles/{profileName}/permissions",
    parameters: &[Member::path("profileName", shapes::PROFILE_NAME), Member::query("nextToken", shapes::TEXT)],
    errors: &[
        ErrorCode::Validation,
        ErrorCode::ResourceNotFound,
        ErrorCode::AccessDenied,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: true,
    quota: Quota::Standard,
    differs: "",
    run: |service, caller, parameters| {
        Box::pin(async move { Answer::json(&run(service, caller, parameters.parse()?)?) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The name of the profile.
    pub profile_name: String,
    /// The start of a page.
    pub next_token: Option<String>,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    policy_size_bytes: usize,
    permissions: Vec<Permission>,
}

/// Lists the permissions of a profile of the caller's account, in the order in which they were added. A policy has at
/// most 2,000 bytes, so one page has all of it, and no token is valid.
///
/// # Errors
/// Returns [`ApiError::Validation`] for a token, and [`ApiError::ResourceNotFound`] if the profile does not exist or
/// has no permissions, as AWS answers.
pub fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let arn = ProfileArn::new(caller.location().clone(), parameters::profile_name(&input.profile_name)?);
    if !parameters::exists(service, &arn)? {
        return Err(profile_policy::no_profile(&arn));
    }
    if input.next_token.is_some() {
        return Err(page_tokens::invalid());
    }
    let found = service.store.permissions(&arn)?.ok_or_else(|| profile_policy::no_profile(&arn))?;
    if found.permissions.is_empty() {
        return Err(profile_policy::no_policy(&arn));
    }
    Ok(Output {
        policy_size_bytes: profile_policy::size(&arn, &found.permissions),
        permissions: found.permissions,
        revision_id: found.revision,
    })
}
