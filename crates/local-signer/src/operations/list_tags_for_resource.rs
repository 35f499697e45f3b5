//! `ListTagsForResource`: lists the tags of a profile.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::row::{Answer, Operation};
use super::{Service, tagging};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};
use crate::store::ProfileStatus;

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "ListTagsForResource",
    method: Method::GET,
    path: "/tags/{resourceArn}",
    parameters: &[Member::path("resourceArn", shapes::TEXT)],
    errors: &[ErrorCode::InternalServiceError, ErrorCode::BadRequest, ErrorCode::NotFound, ErrorCode::TooManyRequests],
    read_only: true,
    quota: Quota::Standard,
    differs: "",
    run: |service, caller, parameters| {
        Box::pin(async move { Answer::json(&run(service, caller, &parameters.parse()?)?) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The ARN of the profile.
    pub resource_arn: String,
}

/// The operation's result.
#[derive(Debug, Serialize)]
pub struct Output {
    tags: BTreeMap<String, String>,
}

/// Lists the tags of a profile of the caller's account and region.
///
/// # Errors
/// Returns [`ApiError::BadRequest`] for an invalid ARN and a canceled profile, and [`ApiError::NotFound`] if the
/// profile does not exist.
pub fn run(service: &Service, caller: &Caller, input: &Input) -> Result<Output, ApiError> {
    let arn = tagging::resource(service, caller, &input.resource_arn)?;
    let profile = service.store.profile(&arn, service.clock.now())?.ok_or_else(|| tagging::not_found(&arn))?;
    if profile.status == ProfileStatus::Canceled {
        return Err(tagging::canceled(&arn));
    }
    Ok(Output { tags: profile.tags })
}
