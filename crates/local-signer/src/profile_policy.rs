//! The cross-account permissions of a profile as a policy: which actions, principals and statement ids it may have, and
//! its size.

use aws_names::{AccountId, Partition, ProfileArn};
use serde_json::json;

use crate::error::ApiError;
use crate::operations::parameters;
use crate::platforms::{self, Kind};
use crate::store::Permission;

/// The largest policy of a profile.
pub const MAX_POLICY_BYTES: usize = 20_480;

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
    Err(ApiError::Validation("Principal is not a valid AWS account id or IAM Role Arn".to_owned()))
}

/// Checks the id of a statement: 1 to 64 letters, digits, underscores and hyphens, as Terraform's provider does.
///
/// # Errors
/// Returns [`ApiError::Validation`] for anything else.
pub fn statement_id(id: &str) -> Result<String, ApiError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if (1..=64).contains(&id.len()) && id.bytes().all(word) {
        return Ok(id.to_owned());
    }
    Err(parameters::invalid("statementId", "Member must satisfy regular expression pattern: ^[a-zA-Z0-9-_]{1,64}$"))
}

/// The error for a revision that is not the current one.
#[must_use]
pub fn other_revision(arn: &ProfileArn) -> ApiError {
    ApiError::Conflict(format!(
        "The revision id is not the current one of the permissions of {arn}. Call ListProfilePermissions for the current \
         revision id."
    ))
}

/// The size of the policy in bytes; 0 without permissions.
#[must_use]
pub fn size(arn: &ProfileArn, permissions: &[Permission]) -> usize {
    if permissions.is_empty() {
        return 0;
    }
    let statements: Vec<_> = permissions
        .iter()
        .map(|permission| {
            let resource = match &permission.profile_version {
                Some(version) => format!("{arn}/{version}"),
                None => arn.to_string(),
            };
            json!({"Sid": permission.statement_id, "Effect": "Allow", "Principal": {"AWS": permission.principal},
                "Action": permission.action, "Resource": resource})
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements}).to_string().len()
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
