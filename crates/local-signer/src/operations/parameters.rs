//! Checks and names shared by several operations, as stated in the AWS Signer API Reference.

use aws_names::{AccountId, JobArn, Location, ProfileArn, ProfileName};
use time::OffsetDateTime;

use super::Service;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::platforms::{self, Platform};

/// A `ValidationException` with the parameter and its rule.
pub fn invalid(parameter: &str, rule: &str) -> ApiError {
    ApiError::Validation(format!(
        "1 validation error detected: Value at '{parameter}' failed to satisfy constraint: {rule}"
    ))
}

/// Parses the name of a profile.
///
/// # Errors
/// Returns [`ApiError::Validation`] if it is malformed.
pub fn profile_name(name: &str) -> Result<ProfileName, ApiError> {
    name.parse()
        .map_err(|_| invalid("profileName", "Member must satisfy regular expression pattern: ^[a-zA-Z0-9_]{2,}"))
}

/// The platform with this id.
///
/// # Errors
/// Returns [`ApiError::Validation`] if no platform has this id.
pub fn platform(id: &str) -> Result<&'static Platform, ApiError> {
    platforms::find(id).ok_or_else(|| {
        let known: Vec<&str> = platforms::PLATFORMS.iter().map(|platform| platform.id).collect();
        invalid("platformId", &format!("Member must be one of [{}]", known.join(", ")))
    })
}

/// The location of a profile or job of the account `owner`, by default the caller's.
///
/// # Errors
/// Returns [`ApiError::Validation`] for a malformed account id.
pub fn owned_location(caller: &Caller, parameter: &str, owner: Option<&str>) -> Result<Location, ApiError> {
    let location = caller.location();
    let Some(owner) = owner else { return Ok(location.clone()) };
    let owner: AccountId =
        owner.parse().map_err(|_| invalid(parameter, "Member must satisfy regular expression pattern: ^[0-9]{12}$"))?;
    Ok(Location::new(location.region().clone(), owner))
}

/// The error for a profile that does not exist.
pub fn no_profile(arn: &ProfileArn) -> ApiError {
    ApiError::ResourceNotFound(format!("The signing profile {arn} could not be found."))
}

/// Whether a profile exists: a canceled one is deleted after two years, although the store still has it.
///
/// # Errors
/// Returns [`ApiError::Store`] if the store fails.
pub fn exists(service: &Service, arn: &ProfileArn) -> Result<bool, ApiError> {
    Ok(service.store.profile(arn, service.clock.now())?.is_some())
}

/// The error for a job that does not exist.
pub fn no_job(location: &Location, id: &str) -> ApiError {
    match JobArn::new(location.clone(), id) {
        Ok(arn) => ApiError::ResourceNotFound(format!("The signing job {arn} could not be found.")),
        Err(_) => ApiError::ResourceNotFound("The signing job could not be found.".to_owned()),
    }
}

/// A time in the API's JSON: Unix seconds.
pub fn seconds(time: OffsetDateTime) -> i64 {
    time.unix_timestamp()
}
