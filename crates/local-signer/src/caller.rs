//! The authenticated caller of an operation and the region of its request.

use aws_names::{ArnError, Location};

/// An authenticated caller and the region it signed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    location: Location,
}

impl Caller {
    /// Creates the caller of `account` that signed its request for `region`.
    ///
    /// # Errors
    /// Returns [`ArnError::Part`] if `region` or `account` is malformed.
    pub fn new(region: &str, account: &str) -> Result<Self, ArnError> {
        Ok(Self { location: Location::new(partition(region), region, account)? })
    }

    /// The partition and region of the request and the caller's account.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The ARN recorded as the principal: the account's root user, the only user of the local signer.
    #[must_use]
    pub fn principal(&self) -> String {
        format!("arn:{}:iam::{}:root", self.location.partition(), self.location.account())
    }
}

/// The partition of a region, by the region prefixes that the AWS SDKs use. A partition is a separate group of AWS
/// regions, such as China.
fn partition(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 8] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn maps_regions_to_partitions() {
        for (region, partition) in [
            ("us-west-2", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(Caller::new(region, "111122223333").unwrap().location().partition(), partition);
        }
    }

    #[test]
    fn rejects_malformed_regions() {
        assert!(Caller::new("us west", "111122223333").is_err());
    }
}
