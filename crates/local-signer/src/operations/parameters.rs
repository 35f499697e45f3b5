//! Checks and names shared by several operations, as stated in the AWS Signer API Reference.

use aws_lc_rs::rand;
use aws_names::{AccountId, JobArn, Location, ProfileArn, ProfileName};
use notary::text::{printable, start_of};
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
        ApiError::Validation(format!(
            "1 validation error detected: Value '{}' at 'platformId' failed to satisfy constraint: Member must be one of \
             [{}]",
            start_of(&printable(id)),
            known.join(", ")
        ))
    })
}

/// The ARN of a new job. Ids begin with the time (RFC 9562, version 7): those of jobs that are stored together are
/// together in the database's index. With random ids, each of a million jobs would change another page of it.
///
/// # Errors
/// Returns [`ApiError::Internal`] if there are no random bytes.
pub fn new_job(location: &Location, now: OffsetDateTime) -> Result<JobArn, ApiError> {
    let mut random = [0; 10];
    rand::fill(&mut random).map_err(|_| ApiError::Internal("there are no random bytes".to_owned()))?;
    let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    Ok(JobArn::new(location.clone(), &id.to_string())?)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::BTreeSet;

    use time::Duration;

    use super::*;

    #[test]
    fn ids_of_jobs_are_distinct_and_in_the_order_of_their_times() {
        let location = Location::new("us-west-2".parse().unwrap(), "111122223333".parse().unwrap());
        let now = OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap();
        let id = |time| new_job(&location, time).unwrap().id().to_owned();
        let of_one_time: BTreeSet<String> = (0..1000).map(|_| id(now)).collect();
        assert_eq!(of_one_time.len(), 1000);
        let later = id(now + Duration::milliseconds(1));
        assert!(of_one_time.iter().all(|id| *id < later), "{later}");
        assert_eq!(uuid::Uuid::parse_str(&later).unwrap().get_version_num(), 7);
    }
}
