//! Parameter checks shared by several operations, as stated in the AWS Signer API Reference.

use aws_names::{AccountId, Location, NOTATION_PLATFORM, ProfileName};

use crate::caller::Caller;
use crate::error::ApiError;

/// A `ValidationException` with the parameter and its rule.
pub fn invalid(parameter: &str, rule: &str) -> ApiError {
    ApiError::Validation(format!("Value at '{parameter}' failed to satisfy constraint: {rule}"))
}

/// The value of a required parameter.
///
/// # Errors
/// Returns [`ApiError::Validation`] if it is absent.
pub fn required<T>(parameter: &str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| invalid(parameter, "Member must not be null"))
}

/// Parses the name of a profile.
///
/// # Errors
/// Returns [`ApiError::Validation`] if it is absent or malformed.
pub fn profile_name(name: Option<&str>) -> Result<ProfileName, ApiError> {
    required("profileName", name)?.parse().map_err(|_| {
        invalid(
            "profileName",
            "Member must satisfy regular expression pattern: ^[a-zA-Z0-9_]{2,} and have length at most 64",
        )
    })
}

/// Checks the platform.
///
/// # Errors
/// Returns [`ApiError::Validation`] if it is absent or not [`NOTATION_PLATFORM`], the only supported one.
pub fn platform_id(platform_id: Option<&str>) -> Result<(), ApiError> {
    match required("platformId", platform_id)? {
        NOTATION_PLATFORM => Ok(()),
        _ => Err(invalid("platformId", &format!("the local signer supports only the platform {}", NOTATION_PLATFORM))),
    }
}

/// Checks the reason of a revocation.
///
/// # Errors
/// Returns [`ApiError::Validation`] if it is absent, empty, or longer than 500 characters.
pub fn reason(reason: Option<String>) -> Result<String, ApiError> {
    let reason = required("reason", reason)?;
    match reason.chars().count() {
        1..=500 => Ok(reason),
        _ => Err(invalid("reason", "Member must have length from 1 to 500")),
    }
}

/// The location of a profile or job of the account `owner`, by default the caller's. The local signer has one account
/// and no cross-account permissions: it denies access to other accounts, as AWS does without a permission.
///
/// # Errors
/// Returns [`ApiError::Validation`] for a malformed account id and [`ApiError::AccessDenied`] for another account.
pub fn owned_location<'a>(caller: &'a Caller, parameter: &str, owner: Option<&str>) -> Result<&'a Location, ApiError> {
    let location = caller.location();
    let Some(owner) = owner else { return Ok(location) };
    match owner.parse::<AccountId>() {
        Err(_) => Err(invalid(parameter, "Member must satisfy regular expression pattern: ^[0-9]{12}$")),
        Ok(owner) if owner == *location.account() => Ok(location),
        Ok(owner) => Err(ApiError::AccessDenied(format!(
            "{} is not permitted to use resources of account {owner}",
            caller.principal()
        ))),
    }
}
