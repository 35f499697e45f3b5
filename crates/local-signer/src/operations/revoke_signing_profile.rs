//! `RevokeSigningProfile`: revokes the signatures of a profile version since a given time, and stops it from signing.

use aws_names::{ProfileArn, ProfileVersionArn};
use axum::http::Method;
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, Shape, Timestamp, shapes};
use crate::store::{ProfileRevocation, ProfileRevoked};

/// How far the clock of a caller may be ahead: a revocation from "now" must succeed.
const CLOCK_DIFFERENCE: Duration = Duration::seconds(1);

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "RevokeSigningProfile",
    method: Method::PUT,
    path: "/signing-profiles/{profileName}/revoke",
    parameters: &[
        Member::path("profileName", shapes::PROFILE_NAME),
        Member::body("profileVersion", shapes::PROFILE_VERSION).required(),
        Member::body("reason", shapes::REASON).required(),
        Member::body("effectiveTime", Shape::Timestamp).required(),
    ],
    errors: &[
        ErrorCode::Validation,
        ErrorCode::AccessDenied,
        ErrorCode::ResourceNotFound,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: false,
    quota: Quota::Standard,
    differs: "",
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
    /// The version.
    pub profile_version: String,
    /// The reason.
    pub reason: String,
    /// Signatures made at this time or later are revoked.
    pub effective_time: Timestamp,
}

/// Revokes a profile version of the caller's account and region.
///
/// # Errors
/// Returns [`ApiError::Validation`] for malformed parameters and for an effective time that is in the future or later
/// than that of an earlier revocation, and [`ApiError::ResourceNotFound`] if the profile version does not exist.
pub async fn run(service: &Service, caller: &Caller, input: Input) -> Result<(), ApiError> {
    let name = parameters::profile_name(&input.profile_name)?;
    let arn = ProfileArn::new(caller.location().clone(), name).with_version(&input.profile_version)?;
    if !parameters::exists(service, arn.profile())? {
        return Err(no_version(&arn));
    }
    let now = service.clock.now();
    // The Developer Guide requires a time that is not in the future. If the signing clock was set, callers may use that
    // clock or the real one, so the later of both is the limit.
    let latest = now.max(OffsetDateTime::now_utc()) + CLOCK_DIFFERENCE;
    let from = input.effective_time;
    if from.time() > latest || from.time() < OffsetDateTime::UNIX_EPOCH {
        return Err(parameters::invalid("effectiveTime", "the time must not be in the future or before 1970"));
    }
    let revocation = ProfileRevocation {
        effective_from: from.milliseconds(),
        revoked_at: now,
        revoked_by: caller.principal(),
        reason: input.reason,
    };
    match service.store.revoke_profile(arn.clone(), revocation).await? {
        ProfileRevoked::Revoked => Ok(()),
        ProfileRevoked::NotFound => Err(no_version(&arn)),
        ProfileRevoked::FromEarlier(_) => {
            let rule =
                "the profile version is already revoked from an earlier time; a later effective time is not allowed";
            Err(parameters::invalid("effectiveTime", rule))
        }
    }
}

fn no_version(arn: &ProfileVersionArn) -> ApiError {
    ApiError::ResourceNotFound(format!("The signing profile version {arn} could not be found."))
}
