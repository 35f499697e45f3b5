//! The cross-account permissions of a profile as a policy: which actions, principals and statement ids it may have, and
//! its size.

use aws_names::{AccountId, Partition, ProfileArn};
use serde_json::json;

use crate::error::ApiError;
use crate::platforms::{self, Kind};
use crate::store::{Permission, ProfileStatus};

/// The largest policy of a profile, in bytes as [`limited_size`] counts them.
pub const MAX_POLICY_BYTES: usize = 2000;

/// The actions that a profile of this platform may permit, as AWS lists them.
fn actions(platform_id: &str) -> [&'static str; 3] {
    let signing = match platforms::find(platform_id).map(|platform| platform.kind) {
        Some(Kind::Notation) => "signer:SignPayload",
        _ => "signer:StartSigningJob",
    };
    [signing, "signer:GetSigningProfile", "signer:RevokeSignature"]
}

/// Checks an action.
///
/// # Errors
/// Returns [`ApiError::Validation`] in AWS's words if the platform does not support the action.
pub fn check_action(platform_id: &str, action: &str) -> Result<(), ApiError> {
    let supported = actions(platform_id);
    if supported.contains(&action) {
        return Ok(());
    }
    Err(ApiError::Validation(format!(
        "Action {action} not supported for platform {platform_id}. Action must be one of [{}]",
        supported.join(", ")
    )))
}

/// Checks a principal: an account id, or the ARN of a role of the partition.
///
/// # Errors
/// Returns [`ApiError::Validation`] in AWS's words for anything else.
pub fn check_principal(partition: &Partition, principal: &str) -> Result<(), ApiError> {
    let is_role = || {
        let rest = principal.strip_prefix(&format!("arn:{partition}:iam::"))?;
        let (account, resource) = rest.split_once(':')?;
        let name = resource.strip_prefix("role/")?;
        let word = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b);
        let valid = account.parse::<AccountId>().is_ok()
            && (1..=576).contains(&name.len())
            && name.bytes().all(word)
            && name.split('/').all(|part| !part.is_empty());
        valid.then_some(())
    };
    if principal.parse::<AccountId>().is_ok() || is_role().is_some() {
        return Ok(());
    }
    let error = ApiError::Validation("Principal is not a valid AWS account id or IAM Role Arn".to_owned());
    Err(error.with_detail("InvalidPrincipal"))
}

/// Checks the id of a statement: 1 to 64 letters, digits, underscores and hyphens.
///
/// # Errors
/// Returns [`ApiError::Validation`] in AWS's words for anything else. AWS says "less than 64", and accepts 64.
pub fn statement_id(id: &str) -> Result<String, ApiError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let invalid = |why: &str| Err(ApiError::Validation(why.to_owned()).with_detail("InvalidPermissionStatement"));
    match id.len() {
        0 => Err(ApiError::Validation("statementId cannot be empty.".to_owned())),
        _ if !id.bytes().all(word) => {
            invalid("Statement ID must contain only alphanumeric characters, underscores, and dashes")
        }
        1..=64 => Ok(id.to_owned()),
        _ => invalid("Statement ID must be less than 64 characters length"),
    }
}

/// The error of the operations on permissions for a profile that does not exist, in AWS's words.
#[must_use]
pub fn no_profile(arn: &ProfileArn) -> ApiError {
    ApiError::ResourceNotFound(format!("SigningProfile with name {} does not exist", arn.name()))
        .with_detail("ProfileNotFound")
}

/// The error for a profile without permissions, in AWS's words.
#[must_use]
pub fn no_policy(arn: &ProfileArn) -> ApiError {
    ApiError::ResourceNotFound(format!("No policies associated with profile {}", arn.name()))
        .with_detail("PolicyNotFound")
}

/// The error for a profile that is not active, in AWS's words. `action` is such as `add permission to`.
#[must_use]
pub fn not_active(action: &str, status: ProfileStatus) -> ApiError {
    ApiError::Validation(format!("Cannot {action} a profile in {status:?} state")).with_detail("ProfileNotActive")
}

/// The error for a revision that is not the current one, in AWS's words.
#[must_use]
pub fn other_revision(arn: &ProfileArn, specified: Option<&str>, current: Option<&str>) -> ApiError {
    match (specified, current) {
        (Some(specified), Some(current)) => ApiError::Conflict(format!(
            "Specified revisionId ({specified}) does not match the revisionId of the existing policy ({current})"
        ))
        .with_detail("PolicyRevisionIdMismatch"),
        (None, _) => ApiError::Validation(format!(
            "Resource Policy exists for Profile Name {}. But no revisionId was provided in the request",
            arn.name()
        )),
        (Some(_), None) => ApiError::Validation(
            "Resource Policy does not exist but revisionId was specified in the request".to_owned(),
        ),
    }
}

/// The size of the statements in bytes, as `policySizeBytes` counts them: an account is named as its root.
#[must_use]
pub fn size(arn: &ProfileArn, permissions: &[Permission]) -> usize {
    let root = |account: &str| format!("arn:{}:iam::{account}:root", arn.location().partition());
    length(arn, permissions, |principal| {
        if principal.parse::<AccountId>().is_ok() { root(principal) } else { principal.to_owned() }
    })
}

/// The size of the statements in bytes, as [`MAX_POLICY_BYTES`] limits them: principals count as they were given.
#[must_use]
pub fn limited_size(arn: &ProfileArn, permissions: &[Permission]) -> usize {
    length(arn, permissions, str::to_owned)
}

fn length(arn: &ProfileArn, permissions: &[Permission], principal: impl Fn(&str) -> String) -> usize {
    let statement = |permission: &Permission| {
        let mut statement = json!({"Sid": permission.statement_id, "Effect": "Allow",
            "Principal": {"AWS": principal(&permission.principal)}, "Action": permission.action,
            "Resource": arn.to_string()});
        if let Some(version) = &permission.profile_version {
            statement["Condition"] = json!({"StringEquals": {"signer:ProfileVersion": version}});
        }
        statement
    };
    serde_json::Value::from_iter(permissions.iter().map(statement)).to_string().len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn principals_are_accounts_and_roles() {
        for (principal, valid) in [
            ("111122223333", true),
            ("arn:aws:iam::111122223333:role/signer", true),
            ("arn:aws:iam::111122223333:role/team/path/signer", true),
            ("arn:aws-cn:iam::111122223333:role/signer", false),
            ("arn:aws:iam::111122223333:user/alice", false),
            ("arn:aws:iam::111122223333:role/", false),
            ("arn:aws:iam::1111:role/signer", false),
            ("arn:aws:iam::111122223333:role/a//b", false),
            ("*", false),
            ("", false),
            ("1111222233334", false),
        ] {
            assert_eq!(check_principal(&"aws".parse().unwrap(), principal).is_ok(), valid, "{principal}");
        }
    }
}
