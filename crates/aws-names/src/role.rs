//! ARNs of IAM roles: IAM User Guide, "IAM identifiers"; names and paths as `CreateRole` of the IAM API allows them.

use std::fmt;
use std::str::FromStr;

use super::{AccountId, NameError, Partition};

/// The longest ARN of a role that STS accepts.
const MAX_LENGTH: usize = 2048;
const RULE: &str = "the ARN of a role is arn:PARTITION:iam::ACCOUNT:role/NAME";

/// `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleArn {
    partition: Partition,
    account: AccountId,
    /// The name, with its path.
    resource: String,
}

impl RoleArn {
    /// Returns the partition, in which alone the role can be used.
    #[must_use]
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Returns the account that owns the role.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

impl FromStr for RoleArn {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let invalid = |rule| NameError::new("role", &text.chars().take(MAX_LENGTH).collect::<String>(), rule);
        if text.len() > MAX_LENGTH {
            return Err(invalid("an ARN has up to 2048 characters"));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else { return Err(invalid(RULE)) };
        if service == "sts" && resource.starts_with("assumed-role/") {
            return Err(invalid(
                "it names a session of a role; the ARN of the role is arn:PARTITION:iam::ACCOUNT:role/NAME",
            ));
        }
        let Some(name) = resource.strip_prefix("role/") else { return Err(invalid(RULE)) };
        if service != "iam" || !region.is_empty() {
            return Err(invalid(RULE));
        }
        if !is_path_and_name(name) {
            return Err(invalid(
                "the name of a role has 1 to 64 letters, digits and + = , . @ _ -, after an optional path",
            ));
        }
        Ok(Self { partition: partition.parse()?, account: account.parse()?, resource: name.to_owned() })
    }
}

fn is_path_and_name(text: &str) -> bool {
    let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
    let is_name =
        (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b));
    is_name && path.len() <= 510 && path.bytes().all(|b| b.is_ascii_graphic())
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:iam::{}:role/{}", self.partition, self.account, self.resource)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn parses_roles_of_any_partition() {
        for (partition, name) in [
            ("aws", "ecr-read"),
            ("aws-us-gov", "service-role/team/Signer_1"),
            ("aws-cn", "a+b=c,d.e@f"),
            ("aws-moon", "x"),
        ] {
            let text = format!("arn:{partition}:iam::444455556666:role/{name}");
            let role: RoleArn = text.parse().unwrap();
            assert_eq!((role.partition().as_str(), role.account().as_str()), (partition, "444455556666"));
            assert_eq!(role.to_string(), text);
        }
    }

    #[test]
    fn rejects_other_arns_with_the_reason() {
        for (text, why) in [
            ("", "arn:PARTITION:iam::ACCOUNT:role/NAME"),
            ("ecr-read", "arn:PARTITION:iam::ACCOUNT:role/NAME"),
            ("arn:aws:iam::444455556666:user/ecr-read", "arn:PARTITION:iam::ACCOUNT:role/NAME"),
            ("arn:aws:iam:us-west-2:444455556666:role/ecr-read", "arn:PARTITION:iam::ACCOUNT:role/NAME"),
            ("arn:aws:s3::444455556666:role/ecr-read", "arn:PARTITION:iam::ACCOUNT:role/NAME"),
            ("arn:aws:sts::444455556666:assumed-role/ecr-read/session", "a session of a role"),
            ("arn:aws:iam::4444-5555-6666:role/ecr-read", "12 digits"),
            ("arn:azure:iam::444455556666:role/ecr-read", "partition"),
            ("arn:aws:iam::444455556666:role/", "1 to 64"),
            ("arn:aws:iam::444455556666:role/team/", "1 to 64"),
            ("arn:aws:iam::444455556666:role/ecr read", "1 to 64"),
            ("arn:aws:iam::444455556666:role/ecr-read\n", "1 to 64"),
            ("arn:aws:iam::444455556666:role/te am/ecr-read", "1 to 64"),
        ] {
            let error = text.parse::<RoleArn>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        let long = format!("arn:aws:iam::444455556666:role/{}", "a".repeat(2048));
        assert!(long.parse::<RoleArn>().unwrap_err().to_string().contains("up to 2048"));
    }
}
