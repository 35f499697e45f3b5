//! `TagResource`: adds tags to a profile, or changes their values.

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
    name: "TagResource",
    method: Method::POST,
    path: "/tags/{resourceArn}",
    parameters: &[Member::path("resourceArn", shapes::TEXT), Member::body("tags", shapes::TAG_MAP).required()],
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
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// Tags a profile of the caller's account and region.
///
/// # Errors
/// Returns [`ApiError::BadRequest`] for an invalid ARN, a canceled profile and too many tags, and
/// [`ApiError::NotFound`] if the profile does not exist.
pub async fn run(service: &Service, caller: &Caller, input: Input) -> Result<(), ApiError> {
    let arn = tagging::resource(service, caller, &input.resource_arn)?;
    let changed = service.store.change_tags(arn.clone(), Vec::new(), input.tags, tagging::MAX_TAGS).await?;
    tagging::outcome(&arn, changed)
}
