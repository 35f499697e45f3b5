//! The section `aws`: how AWS is called.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use aws_names::{Partition, Region, RoleArn};

/// How AWS is called.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Aws {
    /// Roles and regions of partitions.
    pub partitions: BTreeMap<Partition, PartitionSettings>,
    /// Revocation checks by AWS Signer.
    pub revocation: RevocationSettings,
}

/// How a partition of AWS is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionSettings {
    /// The role that is assumed.
    pub role: Option<RoleArn>,
    /// The region that is asked about revocation, in place of the signature's.
    pub region: Option<Region>,
}

/// Revocation checks by AWS Signer.
#[derive(Debug, Clone, PartialEq)]
pub struct RevocationSettings {
    /// How long an answer is used. Default: 5 min.
    pub ttl: Duration,
    /// The calls per second of all replicas together. Default: 20.
    pub rate: NonZeroU32,
    /// The number of replicas that share the rate. Default: 1.
    pub replicas: NonZeroU32,
    /// How long a verified image stays so while revocation cannot be checked; zero refuses it at once.
    pub stale_for: Duration,
}
