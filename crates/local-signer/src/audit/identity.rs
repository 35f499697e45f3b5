//! Who called: "CloudTrail userIdentity element" in the CloudTrail User Guide.

use aws_names::{AccountId, Partition};
use notary::text::rfc3339;
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Who called, and with which access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The partition of the account.
    pub partition: Partition,
    /// The account.
    pub account: AccountId,
    /// The id of the access key, which is not secret.
    pub access_key_id: String,
    /// The principal.
    pub principal: Principal,
}

/// The kinds of principals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account's root user.
    Root,
    /// A user.
    User {
        /// The unique id, such as `AIDA...`.
        id: String,
        /// The name.
        name: String,
    },
    /// A session of a role.
    AssumedRole {
        /// The unique id of the role, such as `AROA...`.
        id: String,
        /// The name of the role.
        name: String,
        /// The name of the session.
        session: String,
        /// When the session began, if it is known.
        since: Option<OffsetDateTime>,
    },
}

impl Identity {
    /// The ARN of the principal.
    #[must_use]
    pub fn arn(&self) -> String {
        let Self { partition, account, principal, .. } = self;
        match principal {
            Principal::Root => format!("arn:{partition}:iam::{account}:root"),
            Principal::User { name, .. } => format!("arn:{partition}:iam::{account}:user/{name}"),
            Principal::AssumedRole { name, session, .. } => {
                format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}")
            }
        }
    }

    /// The value of `userIdentity`.
    pub(super) fn document(&self) -> Value {
        let Self { partition, account, access_key_id, principal } = self;
        let account = account.as_str();
        let arn = self.arn();
        match principal {
            Principal::Root => json!({
                "type": "Root",
                "principalId": account,
                "arn": arn,
                "accountId": account,
                "accessKeyId": access_key_id,
            }),
            Principal::User { id, name } => json!({
                "type": "IAMUser",
                "principalId": id,
                "arn": arn,
                "accountId": account,
                "accessKeyId": access_key_id,
                "userName": name,
            }),
            Principal::AssumedRole { id, name, session, since } => json!({
                "type": "AssumedRole",
                "principalId": format!("{id}:{session}"),
                "arn": arn,
                "accountId": account,
                "accessKeyId": access_key_id,
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": id,
                        "arn": format!("arn:{partition}:iam::{account}:role/{name}"),
                        "accountId": account,
                        "userName": name,
                    },
                    "attributes": {
                        "creationDate": since.map(|since| rfc3339(since.replace_nanosecond(0).unwrap_or(since))),
                        "mfaAuthenticated": "false",
                    },
                },
            }),
        }
    }
}
