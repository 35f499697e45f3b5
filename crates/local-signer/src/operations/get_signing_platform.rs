//! `GetSigningPlatform`: describes a signing platform.

use axum::http::Method;
use serde::Deserialize;

use super::row::{Answer, Operation};
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};
use crate::platforms::{self, SigningPlatform};

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "GetSigningPlatform",
    method: Method::GET,
    path: "/signing-platforms/{platformId}",
    parameters: &[Member::path("platformId", shapes::TEXT)],
    errors: &[
        ErrorCode::ResourceNotFound,
        ErrorCode::AccessDenied,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: true,
    quota: Quota::Standard,
    differs: "",
    run: |_, _, parameters| Box::pin(async move { Answer::json(&run(&parameters.parse()?)?) }),
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The platform.
    pub platform_id: String,
}

/// Describes a platform.
///
/// # Errors
/// Returns [`ApiError::ResourceNotFound`] if the platform does not exist.
pub fn run(input: &Input) -> Result<SigningPlatform, ApiError> {
    platforms::find(&input.platform_id)
        .map(SigningPlatform::from)
        .ok_or_else(|| ApiError::ResourceNotFound("The signing platform could not be found.".to_owned()))
}
