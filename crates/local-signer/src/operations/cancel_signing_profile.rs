//! `CancelSigningProfile`: stops an active profile from signing. Its signatures stay valid.

use aws_names::ProfileArn;
use axum::http::Method;
use serde::Deserialize;

use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "CancelSigningProfile",
    method: Method::DELETE,
    path: "/signing-profiles/{profileName}",
    parameters: &[Member::path("profileName", shapes::PROFILE_NAME)],
    errors: &[
        ErrorCode::ResourceNotFound,
        ErrorCode::AccessDenied,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: false,
    quota: Quota::Standard,
    differs: "A canceled profile is kept for two years. AWS now documents the validity period and six months: 141 months by \
              default.",
    run: |service, caller, parameters| {
        Box::pin(async move { run(service, caller, parameters.parse()?).await.map(|()| Answer::default()) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The name.
    pub profile_name: String,
}

/// Cancels a profile of the caller's account. The request is an idempotent DELETE: canceling a canceled profile
/// succeeds, and a revoked profile stays revoked.
///
/// # Errors
/// Returns [`ApiError::ResourceNotFound`] if the profile does not exist.
pub async fn run(service: &Service, caller: &Caller, input: Input) -> Result<(), ApiError> {
    let arn = ProfileArn::new(caller.location().clone(), parameters::profile_name(&input.profile_name)?);
    let found = match parameters::exists(service, &arn)? {
        true => service.store.cancel_profile(arn.clone(), service.clock.now()).await?,
        false => None,
    };
    match found {
        Some(_) => Ok(()),
        None => {
            let why = format!("Signing Profile with name {} does not exist.", arn.name());
            Err(ApiError::ResourceNotFound(why).with_detail("ProfileNotFound"))
        }
    }
}
