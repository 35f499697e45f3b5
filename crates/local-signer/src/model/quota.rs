//! The classes of quotas.

/// The quota that an operation counts against, for each account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// 25 calls a second on AWS.
    Standard,
    /// 5 calls a second on AWS: `StartSigningJob`.
    SigningJobs,
}
