//! What the tagging operations share.

use aws_names::ProfileArn;

use super::Service;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::store::TagsChanged;

/// The most tags of a profile, as in the Developer Guide. AWS's model allows 200 in a request.
pub(super) const MAX_TAGS: usize = 50;

/// The profile that a resource ARN names. Profiles of other accounts and regions are not found, as AWS answers.
///
/// # Errors
/// Returns [`ApiError::BadRequest`] if the ARN is not that of a signing profile, and [`ApiError::NotFound`] for a
/// profile of another account or region, or that does not exist.
pub(super) fn resource(service: &Service, caller: &Caller, arn: &str) -> Result<ProfileArn, ApiError> {
    let invalid = |why: aws_names::ArnError| ApiError::BadRequest(format!("Invalid resource ARN: {why}"));
    let arn: ProfileArn = arn.parse().map_err(invalid)?;
    let is_here = arn.location() == caller.location();
    if is_here && service.store.profile(&arn, service.clock.now())?.is_some() { Ok(arn) } else { Err(not_found(&arn)) }
}

/// The error for a profile that does not exist.
pub(super) fn not_found(arn: &ProfileArn) -> ApiError {
    ApiError::NotFound(format!("The signing profile {arn} could not be found."))
}

/// The error for a canceled profile.
pub(super) fn canceled(arn: &ProfileArn) -> ApiError {
    ApiError::BadRequest(format!("The signing profile {arn} is canceled."))
}

/// Reports the outcome of a change.
///
/// # Errors
/// Returns the error of AWS for any outcome but [`TagsChanged::Changed`].
pub(super) fn outcome(arn: &ProfileArn, changed: TagsChanged) -> Result<(), ApiError> {
    match changed {
        TagsChanged::Changed => Ok(()),
        TagsChanged::NotFound => Err(not_found(arn)),
        TagsChanged::Canceled => Err(canceled(arn)),
        TagsChanged::TooMany => {
            Err(ApiError::BadRequest(format!("The signing profile {arn} would have more than {MAX_TAGS} tags.")))
        }
    }
}
