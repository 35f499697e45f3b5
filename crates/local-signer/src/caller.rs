//! Who makes a request, and where: what authentication found, for the operations to use.

use aws_names::{ArnError, Location};

/// An authenticated caller at an endpoint of one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    location: Location,
}

impl Caller {
    /// The caller of `account` who signed its request for `region`.
    ///
    /// # Errors
    /// [`ArnError::Part`] when `region` or `account` has a form that AWS never uses.
    pub fn new(region: &str, account: &str) -> Result<Self, ArnError> {
        Ok(Self { location: Location::new(partition(region), region, account)? })
    }

    /// The partition, the region of the endpoint, and the caller's account.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The principal that AWS would record as the one who did it. The local signer knows no users but the account itself.
    #[must_use]
    pub fn principal(&self) -> String {
        format!("arn:{}:iam::{}:root", self.location.partition(), self.location.account())
    }
}

/// The partition that a region belongs to, by the prefixes that the AWS SDKs know partitions by.
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
    fn a_region_names_its_partition() {
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
    fn what_is_no_region_makes_no_caller() {
        assert!(Caller::new("us west", "111122223333").is_err());
    }
}
