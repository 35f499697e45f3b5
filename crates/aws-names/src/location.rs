//! Where a resource of AWS Signer is, and whose it is: the part of an ARN before the resource.

use std::fmt;

use super::{AccountId, NameError, Partition, Region};

/// Partition, region and account of an ARN. In an ARN from outside, the region may belong to another partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    partition: Partition,
    region: Region,
    account: AccountId,
}

impl Location {
    /// Creates the location of an account in a region, in that region's partition.
    #[must_use]
    pub fn new(region: Region, account: AccountId) -> Self {
        Self { partition: region.partition(), region, account }
    }

    /// Parses the parts of an ARN.
    ///
    /// # Errors
    /// Returns [`NameError`] if a part has characters or a length that AWS does not allow.
    pub fn parse(partition: &str, region: &str, account: &str) -> Result<Self, NameError> {
        Ok(Self { partition: partition.parse()?, region: region.parse()?, account: account.parse()? })
    }

    /// Returns the partition.
    #[must_use]
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Returns the region.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Returns the account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

impl fmt::Display for Location {
    /// Writes the ARN without its resource.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:signer:{}:{}:", self.partition, self.region, self.account)
    }
}
