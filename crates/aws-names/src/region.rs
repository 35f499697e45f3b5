//! AWS regions.

use std::fmt;
use std::str::FromStr;

use super::name::is_hyphenated;
use super::{NameError, Partition};

/// The name of an AWS region, such as `us-west-2`. Whether the region exists is not checked: AWS opens new ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the partition that this region belongs to, by AWS's naming of regions.
    #[must_use]
    pub fn partition(&self) -> Partition {
        Partition::from_region_name(&self.0)
    }
}

impl FromStr for Region {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        match is_hyphenated(name) {
            true => Ok(Self(name.to_owned())),
            false => Err(NameError::new("region", name, "a region such as us-west-2, in lower case")),
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
