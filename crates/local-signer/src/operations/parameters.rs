//! Constraints that several operations put on their parameters, as the AWS Signer API Reference states them.

use aws_names::{Location, NOTATION_PLATFORM, ProfileName};

use crate::caller::Caller;
use crate::error::ApiError;

/// A `ValidationException` that names the parameter and its rule.
pub fn invalid(parameter: &str, rule: &str) -> ApiError {
    ApiError::Validation(format!("Value at '{parameter}' failed to satisfy constraint: {rule}"))
}

/// The value of a parameter that must be there.
///
/// # Errors
/// [`ApiError::Validation`].
pub fn required<T>(parameter: &str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| invalid(parameter, "Member must not be null"))
}

/// A profile's name.
///
/// # Errors
/// [`ApiError::Validation`].
pub fn profile_name(name: Option<&str>) -> Result<ProfileName, ApiError> {
    required("profileName", name)?.parse().map_err(|_| {
        invalid(
            "profileName",
            "Member must satisfy regular expression pattern: ^[a-zA-Z0-9_]{2,} and have length at most 64",
        )
    })
}

/// The platform, of which there is one.
///
/// # Errors
/// [`ApiError::Validation`].
pub fn platform_id(platform_id: Option<&str>) -> Result<(), ApiError> {
    match required("platformId", platform_id)? {
        NOTATION_PLATFORM => Ok(()),
        _ => Err(invalid("platformId", &format!("the local signer has the platform {} only", NOTATION_PLATFORM))),
    }
}

/// The reason of a revocation.
///
/// # Errors
/// [`ApiError::Validation`].
pub fn reason(reason: Option<String>) -> Result<String, ApiError> {
    let reason = required("reason", reason)?;
    match reason.chars().count() {
        1..=500 => Ok(reason),
        _ => Err(invalid("reason", "Member must have length from 1 to 500")),
    }
}

/// Where a profile or job is that `owner` names, or the caller's if none is named. The local signer has one account, and no
/// permissions across accounts: what another account owns is denied, as AWS denies it without a permission.
///
/// # Errors
/// [`ApiError::Validation`] for what is no account id, [`ApiError::AccessDenied`] for another account.
pub fn owned_location<'a>(caller: &'a Caller, parameter: &str, owner: Option<&str>) -> Result<&'a Location, ApiError> {
    let location = caller.location();
    match owner {
        None => Ok(location),
        Some(owner) if owner.len() != 12 || !owner.bytes().all(|b| b.is_ascii_digit()) => {
            Err(invalid(parameter, "Member must satisfy regular expression pattern: ^[0-9]{12}$"))
        }
        Some(owner) if owner == location.account() => Ok(location),
        Some(owner) => Err(ApiError::AccessDenied(format!(
            "{} is not permitted to use what account {owner} owns",
            caller.principal()
        ))),
    }
}
