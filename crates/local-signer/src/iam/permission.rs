//! The resource-based side: the permissions of a signing profile (`AddProfilePermission` in the API Reference).

use aws_names::Partition;

use super::identity::Identity;

/// A statement of a signing profile's permissions. It allows its principal the action on the profile, and on the jobs
/// of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The action, such as `signer:SignPayload`.
    pub action: String,
    /// An account id, or the ARN of an IAM role or user.
    pub principal: String,
    /// The profile version that the permission is limited to.
    pub profile_version: Option<String>,
}

/// Whom a permission names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The principal itself.
    Principal,
    /// The account of the principal, whose policies decide further.
    Account,
}

impl Permission {
    /// Whom the permission allows `action` on version `version` of the profile, if it applies to `identity`.
    pub fn names(
        &self,
        identity: &Identity,
        partition: &Partition,
        action: &str,
        version: Option<&str>,
    ) -> Option<Named> {
        let version_fits = self.profile_version.is_none() || self.profile_version.as_deref() == version;
        if !version_fits || !self.action.eq_ignore_ascii_case(action) {
            return None;
        }
        if self.principal == identity.principal_arn(partition) || self.principal == identity.arn(partition) {
            return Some(Named::Principal);
        }
        let account = identity.account();
        let whole_account =
            self.principal == account.as_str() || self.principal == format!("arn:{partition}:iam::{account}:root");
        whole_account.then_some(Named::Account)
    }
}
