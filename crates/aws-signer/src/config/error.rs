//! How a configuration can be wrong.

use aws_names::{Partition, Region, RoleArn};
use notary::{Advice, ReasonCode};

use super::REGION;

/// An invalid configuration value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The endpoint is not an `http://` or `https://` URL without user, query and fragment.
    #[error("{key} is {value:?}, which is not an http:// or https:// URL without user, query and fragment")]
    Endpoint {
        /// The key that sets it.
        key: String,
        /// The value.
        value: String,
    },
    /// The value is not a region name.
    #[error("{key} is {value:?}, which is not a region name such as us-west-2")]
    Region {
        /// The key that sets it.
        key: String,
        /// The value.
        value: String,
    },
    /// A switch is neither on nor off.
    #[error("{key} is {value:?}; it must be true or false")]
    Switch {
        /// The key that sets it.
        key: String,
        /// The value.
        value: String,
    },
    /// The timeout is not a number of seconds, or out of range.
    #[error("{key} is {value:?}; it must be a number of seconds from 0.1 to 600")]
    Timeout {
        /// The key that sets it.
        key: String,
        /// The value.
        value: String,
    },
    /// The configured region differs from that of the signing profile.
    #[error(
        "{key} is \"{region}\", but the signing profile {profile} is in \"{profile_region}\": \
         remove {key}, or use a signing profile in {region}"
    )]
    RegionMismatch {
        /// The key that sets the region.
        key: String,
        /// The configured region.
        region: Region,
        /// The ARN of the profile.
        profile: String,
        /// The region of the profile.
        profile_region: Region,
    },
    /// The partition and the region of an ARN contradict each other.
    #[error(
        "the ARN's region \"{region}\" is in the partition {region_partition}, but the ARN says {partition}: correct the ARN"
    )]
    ArnContradiction {
        /// The region of the ARN.
        region: Region,
        /// The partition of that region.
        region_partition: Partition,
        /// The partition of the ARN.
        partition: Partition,
    },
    /// The configured region is in another partition than the signature.
    #[error(
        "{key} is \"{region}\", which is in the partition {region_partition}, but the signature is from the partition \
         {partition}: {}",
        region_advice(key, partition)
    )]
    RegionOfOtherPartition {
        /// The key that sets the region.
        key: String,
        /// The region.
        region: Region,
        /// The partition of the region.
        region_partition: Partition,
        /// The partition of the signing profile.
        partition: Partition,
    },
    /// The role for a partition is in another one, where its credentials cannot be used.
    #[error(
        "{key} is {role}, which is a role of the partition {}, not of {partition}: set {key} to a role of that partition",
        role.partition()
    )]
    RoleOfOtherPartition {
        /// The key that sets the role.
        key: String,
        /// The role.
        role: RoleArn,
        /// The partition.
        partition: Partition,
    },
}

impl ConfigError {
    /// Returns the kind of this failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        ReasonCode::Configuration
    }

    /// Returns what to do about the failure.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        Some(Advice::CorrectSetting)
    }
}

/// Advice for a region in the wrong partition. Only the plugin configuration and the environment have a key for all
/// partitions beside those for each.
fn region_advice(key: &str, partition: &Partition) -> String {
    match key.starts_with(REGION.0) || key.starts_with(REGION.1) {
        true => format!("set {}.{partition} to a region of that partition", REGION.0),
        false => format!("set {key} to a region of that partition, or omit it"),
    }
}
