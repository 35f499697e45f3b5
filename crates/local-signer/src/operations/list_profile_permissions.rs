//! `ListProfilePermissions`: lists the cross-account permissions of a profile.

use aws_names::ProfileArn;
use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Answer, Member, Operation, Parameters, Quota, shapes};
use crate::page_tokens::List;
use crate::profile_policy;
use crate::store::Permission;

const PAGE: usize = 25;

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
    run: |service, caller, parameters| Box::pin(async move { Answer::json(&run(service, caller, parameters)?) }),
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    profile_name: String,
    next_token: Option<String>,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    policy_size_bytes: usize,
    permissions: Vec<Permission>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// The page after a statement, of this revision. After a change of the permissions, the next page would not fit the
/// pages before.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    start: usize,
    revision: Option<String>,
}

/// Lists the permissions of a profile of the caller's account, in the order in which they were added.
///
/// # Errors
/// Returns [`ApiError::Validation`] for a token of another list or of an earlier revision, and
/// [`ApiError::ResourceNotFound`] if the profile does not exist or has no permissions, as AWS answers.
pub fn run(service: &Service, caller: &Caller, parameters: Parameters) -> Result<Output, ApiError> {
    let list = List::new(&OPERATION, caller.location(), &parameters);
    let input: Input = parameters.parse()?;
    let arn = ProfileArn::new(caller.location().clone(), parameters::profile_name(&input.profile_name)?);
    if !parameters::exists(service, &arn)? {
        return Err(profile_policy::no_profile(&arn));
    }
    let found = service.store.permissions(&arn)?.ok_or_else(|| profile_policy::no_profile(&arn))?;
    if found.permissions.is_empty() {
        return Err(profile_policy::no_policy(&arn));
    }
    let tokens = &service.page_tokens;
    let start = match input.next_token {
        None => 0,
        Some(token) => {
            let position: Position = tokens.open(&list, &token)?;
            if position.revision != found.revision {
                return Err(ApiError::Validation("The permissions changed; list them from the start.".to_owned()));
            }
            position.start
        }
    };
    let end = start + PAGE;
    let next = (end < found.permissions.len()).then(|| Position { start: end, revision: found.revision.clone() });
    Ok(Output {
        policy_size_bytes: profile_policy::size(&arn, &found.permissions),
        next_token: next.map(|next| tokens.seal(&list, &next)).transpose()?,
        permissions: found.permissions.into_iter().skip(start).take(PAGE).collect(),
        revision_id: found.revision,
    })
}
