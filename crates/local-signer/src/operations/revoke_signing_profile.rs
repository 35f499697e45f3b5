//! `RevokeSigningProfile`: revokes the signatures of a profile version since a given time, and stops it from signing.

use aws_names::ProfileArn;
use serde::Deserialize;
use time::OffsetDateTime;

use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::store::{ProfileRevocation, ProfileRevoked};

/// The operation's parameters.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Input {
    /// The name, from the path.
    #[serde(skip)]
    pub profile_name: Option<String>,
    /// The version.
    pub profile_version: Option<String>,
    /// The reason.
    pub reason: Option<String>,
    /// Signatures made at this time or later are revoked; Unix seconds.
    pub effective_time: Option<f64>,
}

/// Revokes a profile version of the caller's account and region.
///
/// # Errors
/// Returns [`ApiError::Validation`] for malformed parameters and for an effective time that is in the future or later
/// than that of an earlier revocation, and [`ApiError::ResourceNotFound`] if the profile version does not exist.
pub fn run(service: &Service, caller: &Caller, input: Input) -> Result<(), ApiError> {
    let name = parameters::profile_name(input.profile_name.as_deref())?;
    let version = parameters::required("profileVersion", input.profile_version)?;
    let reason = parameters::reason(input.reason)?;
    let effective_time = parameters::required("effectiveTime", input.effective_time)?;
    let arn = ProfileArn::new(caller.location().clone(), name).with_version(&version)?;

    let now = service.clock.now();
    let revocation = ProfileRevocation {
        effective_from: milliseconds(effective_time, now)?,
        revoked_at: now,
        revoked_by: caller.principal(),
        reason,
    };
    match service.store.revoke_profile(&arn, &revocation)? {
        ProfileRevoked::Revoked => Ok(()),
        ProfileRevoked::NotFound => {
            Err(ApiError::ResourceNotFound(format!("The signing profile version {arn} could not be found.")))
        }
        ProfileRevoked::FromEarlier(_) => {
            let rule =
                "the profile version is already revoked from an earlier time; a later effective time is not allowed";
            Err(parameters::invalid("effectiveTime", rule))
        }
    }
}

/// Checks the effective time and converts it to milliseconds. The Developer Guide requires a time that is not in the
/// future. If the signing clock was set, callers may use that clock or the real one, so the later of both is the limit.
fn milliseconds(seconds: f64, signing_clock: OffsetDateTime) -> Result<i64, ApiError> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of any calendar time have fewer than 53 bits")]
    let latest = signing_clock.max(OffsetDateTime::now_utc()).unix_timestamp() as f64 + 1.0;
    if !(0.0..=latest).contains(&seconds) {
        return Err(parameters::invalid("effectiveTime", "the time must not be in the future or before 1970"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is between 1970 and the present")]
    let microseconds = (seconds * 1_000_000.0).round() as i64;
    // Round down like signing times, so that a signature made at exactly this time is revoked. A double is not exact
    // for decimal fractions but precise to the microsecond, so round to microseconds first: .123 must not become 122
    // ms.
    Ok(microseconds / 1000)
}
