//! Amazon Resource Names (ARNs) of AWS Signer: signing profiles, their versions, and signing jobs.
//!
//! The formats are those of the AWS Service Authorization Reference for AWS Signer:
//! `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME[/VERSION]` and `…:/signing-jobs/ID`. The rules for names
//! and versions are those of the Signer API (`PutSigningProfile`). Comparison is exact: AWS treats profile names as
//! case-sensitive.

mod job;
mod profile;
mod suggestion;
#[cfg(test)]
mod tests;

use std::fmt;

pub use job::JobArn;
pub use profile::{ProfileArn, ProfileName, ProfileVersionArn};

const PROFILES: &str = "/signing-profiles/";
const JOBS: &str = "/signing-jobs/";
const MAX_LENGTH: usize = 512;

/// The signing platform of container image signatures, as `GetRevocationStatus` expects it.
pub const NOTATION_PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";
/// The name of the verification plugin in AWS Signer's envelopes.
pub const PLUGIN_NAME: &str = "com.amazonaws.signer.notation.plugin";
/// The description of this project's plugin, which differs from that of AWS's plugin of the same name.
pub const PLUGIN_DESCRIPTION: &str = "AWS Signer plugin for Notation (independent of AWS)";

/// An invalid ARN, or one of an unexpected type. The fields contain the text as given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// The text is not six parts separated by colons, starting with `arn`.
    #[error("{0:?} is not an ARN: expected arn:PARTITION:signer:REGION:ACCOUNT:RESOURCE")]
    NotAnArn(String),
    /// The text is an ARN of AWS Signer with a common mistake.
    #[error("{arn:?} is not an ARN of AWS Signer: {what}; did you mean {corrected}?")]
    Slip {
        /// The text as given.
        arn: String,
        /// The mistake.
        what: &'static str,
        /// The corrected ARN.
        corrected: String,
    },
    /// The ARN belongs to another service.
    #[error("{arn:?} is an ARN of the service {service:?}, not of signer")]
    OtherService {
        /// The whole ARN.
        arn: String,
        /// Its service part.
        service: String,
    },
    /// A part has characters or a length that AWS does not allow.
    #[error("{arn:?}: {part} {value:?} is not valid: {rule}")]
    Part {
        /// The whole ARN.
        arn: String,
        /// The part: `partition`, `region`, `account`, `profile name`, `profile version` or `job id`.
        part: &'static str,
        /// The value of the part.
        value: String,
        /// The values that AWS allows.
        rule: &'static str,
    },
    /// The resource has an unexpected type.
    #[error("{arn:?} is not {expected}: {hint}")]
    Resource {
        /// The whole ARN.
        arn: String,
        /// The expected type, with its format.
        expected: &'static str,
        /// The actual type, or the corrected ARN.
        hint: String,
    },
}

/// Partition, region and account of an ARN.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    partition: String,
    region: String,
    account: String,
}

impl Location {
    /// Creates a location from its parts.
    ///
    /// # Errors
    /// Returns [`ArnError::Part`] if a part is invalid.
    pub fn new(partition: &str, region: &str, account: &str) -> Result<Self, ArnError> {
        Self::checked(&format!("arn:{partition}:signer:{region}:{account}:"), partition, region, account)
    }

    fn checked(arn: &str, partition: &str, region: &str, account: &str) -> Result<Self, ArnError> {
        let error =
            |part, value: &str, rule| Err(ArnError::Part { arn: arn.to_owned(), part, value: value.to_owned(), rule });
        let words = |s: &str| {
            !s.is_empty()
                && s.split('-').all(|w| !w.is_empty())
                && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !words(partition) || !(partition == "aws" || partition.starts_with("aws-")) {
            return error("partition", partition, "aws, or a name that starts with aws- such as aws-cn or aws-us-gov");
        }
        if !words(region) {
            return error("region", region, "a region such as us-west-2, in lower case");
        }
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return error("account", account, "an AWS account id has 12 digits");
        }
        Ok(Self { partition: partition.to_owned(), region: region.to_owned(), account: account.to_owned() })
    }

    /// Returns the partition, an isolated group of AWS regions: `aws`, `aws-cn`, `aws-us-gov`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// Returns the region, such as `us-west-2`.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the account id, 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:signer:{}:{}:", self.partition, self.region, self.account)
    }
}

/// Splits an ARN of AWS Signer into location and resource.
fn split(text: &str) -> Result<(Location, &str), ArnError> {
    let not_an_arn = || ArnError::NotAnArn(text.chars().take(MAX_LENGTH).collect());
    if text.len() > MAX_LENGTH {
        return Err(not_an_arn());
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts[..] else {
        return Err(suggestion::find(text).unwrap_or_else(not_an_arn));
    };
    if service != "signer" {
        return Err(ArnError::OtherService { arn: text.to_owned(), service: service.to_owned() });
    }
    let location = Location::checked(text, partition, region, account);
    Ok((location.map_err(|why| suggestion::find(text).unwrap_or(why))?, resource))
}

/// Returns the error for a resource of an unexpected type, with the corrected ARN for common mistakes.
fn wrong_resource(arn: &str, location: &Location, resource: &str, expected: &'static str) -> ArnError {
    let slip = ["signing-profiles/", "/signing-profile/", "signing-profile/"]
        .iter()
        .find_map(|slip| resource.strip_prefix(slip))
        .map(|rest| {
            format!("the resource is written /signing-profiles/NAME; did you mean {location}{PROFILES}{rest}?")
        });
    let hint = slip.unwrap_or_else(|| {
        if resource.starts_with(JOBS) { "it names a signing job" } else { "its resource has another type" }.to_owned()
    });
    ArnError::Resource { arn: arn.to_owned(), expected, hint }
}

/// The partition of a region, by AWS's naming of regions.
#[must_use]
pub fn partition_of_region(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}
