//! `UntagResource`: removes tags from a profile.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::Deserialize;

use super::row::{Answer, Operation};
use super::{Service, tagging};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "UntagResource",
    method: Method::DELETE,
    path: "/tags/{resourceArn}",
    parameters: &[Member::path("resourceArn", shapes::TEXT), Member::query("tagKeys", shapes::TAG_KEY_LIST).required()],
    errors: &[ErrorCode::InternalServiceError, ErrorCode::BadRequest, ErrorCode::NotFound, ErrorCode::TooManyRequests],
    read_only: false,
    quota: Quota::Standard,
    differs: "",
    run: |service, caller, parameters| {
        Box::pin(async move {
            run(service, caller, parameters.parse()?).await.and_then(|()| Answer::json(&serde_json::json!({})))
        })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The ARN of the profile.
    pub resource_arn: String,
    /// The keys of the tags.
    pub tag_keys: Vec<String>,
}

/// Removes tags of a profile of the caller's account and region. A tag that it does not have is ignored.
///
/// # Errors
/// Returns [`ApiError::BadRequest`] for an invalid ARN and a canceled profile, and [`ApiError::NotFound`] if the
/// profile does not exist.
pub async fn run(service: &Service, caller: &Caller, input: Input) -> Result<(), ApiError> {
    let arn = tagging::resource(service, caller, &input.resource_arn)?;
    let changed = service.store.change_tags(arn.clone(), input.tag_keys, BTreeMap::new(), tagging::MAX_TAGS).await?;
    tagging::outcome(&arn, changed)
}
