//! AWS partitions, the isolated groups of AWS regions: `partitions.json` of the AWS SDKs (as of botocore 1.44.8).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::NameError;
use super::name::is_hyphenated;

/// The name of a partition: `aws`, `aws-cn`, `aws-us-gov`, ... Names that are not in the table are accepted in ARNs,
/// since AWS opens new partitions, but no region belongs to them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(Cow<'static, str>);

/// A partition of the table.
struct Known {
    name: &'static str,
    /// The start of the names of its regions. All other regions belong to the first partition.
    region_prefix: &'static str,
    /// The domain of its services.
    dns_suffix: &'static str,
    /// The domain of its dual-stack (IPv4 and IPv6) ECR registries, where there are any.
    dual_stack_registries: Option<&'static str>,
}

/// The partitions. No prefix is the start of another one.
const PARTITIONS: [Known; 8] = [
    known("aws", "", "amazonaws.com", Some("on.aws")),
    known("aws-cn", "cn-", "amazonaws.com.cn", Some("on.amazonwebservices.com.cn")),
    known("aws-us-gov", "us-gov-", "amazonaws.com", Some("on.aws")),
    known("aws-eusc", "eusc-", "amazonaws.eu", None),
    known("aws-iso", "us-iso-", "c2s.ic.gov", None),
    known("aws-iso-b", "us-isob-", "sc2s.sgov.gov", None),
    known("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", None),
    known("aws-iso-f", "us-isof-", "csp.hci.ic.gov", None),
];

const fn known(
    name: &'static str,
    region_prefix: &'static str,
    dns_suffix: &'static str,
    dual_stack_registries: Option<&'static str>,
) -> Known {
    Known { name, region_prefix, dns_suffix, dual_stack_registries }
}

impl Partition {
    /// The partition of the commercial regions.
    pub const AWS: Self = Self(Cow::Borrowed("aws"));
    /// The partition of the regions in China.
    pub const AWS_CN: Self = Self(Cow::Borrowed("aws-cn"));
    /// The partition AWS GovCloud (US).
    pub const AWS_US_GOV: Self = Self(Cow::Borrowed("aws-us-gov"));

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the domain of the partition's services, such as `amazonaws.com`; `None` if the partition is not in the
    /// table.
    #[must_use]
    pub fn dns_suffix(&self) -> Option<&'static str> {
        self.known().map(|known| known.dns_suffix)
    }

    /// Returns the domain of the partition's dual-stack (IPv4 and IPv6) ECR registries, such as `on.aws`, where there
    /// are any.
    #[must_use]
    pub fn dual_stack_registry_suffix(&self) -> Option<&'static str> {
        self.known()?.dual_stack_registries
    }

    fn known(&self) -> Option<&'static Known> {
        PARTITIONS.iter().find(|known| known.name == self.0)
    }

    pub(crate) fn from_region_name(region: &str) -> Self {
        let by_prefix = PARTITIONS.iter().skip(1).find(|known| region.starts_with(known.region_prefix));
        by_prefix.map_or(Self::AWS, |known| Self(Cow::Borrowed(known.name)))
    }
}

impl FromStr for Partition {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        match is_hyphenated(name) && (name == "aws" || name.starts_with("aws-")) {
            true => Ok(Self(Cow::Owned(name.to_owned()))),
            false => {
                let rule = "aws, or a name that starts with aws- such as aws-cn or aws-us-gov";
                Err(NameError::new("partition", name, rule))
            }
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::Region;

    #[test]
    fn maps_regions_to_partitions() {
        for (region, partition) in [
            ("us-west-2", "aws"),
            ("mx-central-1", "aws"),
            ("eu-central-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            let region: Region = region.parse().unwrap();
            assert_eq!(region.partition().as_str(), partition);
            assert!(region.partition().dns_suffix().is_some());
        }
    }

    #[test]
    fn accepts_partitions_that_are_not_in_the_table() {
        let partition: Partition = "aws-moon".parse().unwrap();
        assert_eq!((partition.dns_suffix(), partition.dual_stack_registry_suffix()), (None, None));
        for malformed in ["", "azure", "aws-", "AWS", "aws-CN", "aws--cn", "awscn"] {
            assert!(malformed.parse::<Partition>().is_err(), "{malformed}");
        }
    }

    #[test]
    fn the_constants_are_in_the_table() {
        for partition in [Partition::AWS, Partition::AWS_CN, Partition::AWS_US_GOV] {
            assert!(partition.known().is_some(), "{partition}");
        }
    }
}
