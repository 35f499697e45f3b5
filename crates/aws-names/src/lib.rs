//! Amazon Resource Names of AWS Signer: signing profiles, their versions, and signing jobs.
//!
//! The forms are those of the AWS Service Authorization Reference for AWS Signer:
//! `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME[/VERSION]` and `…:/signing-jobs/ID`. The rules for names and
//! versions are those of the Signer API (`PutSigningProfile`). Comparison is exact: AWS treats profile names as case-sensitive.

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

/// The signing platform of container image signatures, as `GetRevocationStatus` wants it named.
pub const NOTATION_PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";
/// The name of the plugin that AWS Signer writes into its envelopes as verification plugin.
pub const PLUGIN_NAME: &str = "com.amazonaws.signer.notation.plugin";
/// How the plugin of this project describes itself, which tells it from AWS's own.
pub const PLUGIN_DESCRIPTION: &str = "AWS Signer plugin for Notation (independent of AWS)";

/// Why a text is not the ARN that was expected. The values are the texts as given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// The text is not six parts separated by colons, the first of them `arn`.
    #[error("{0:?} is not an ARN: expected arn:PARTITION:signer:REGION:ACCOUNT:RESOURCE")]
    NotAnArn(String),
    /// The text is nearly an ARN of AWS Signer.
    #[error("{arn:?} is not an ARN of AWS Signer: {what}; did you mean {corrected}?")]
    Slip {
        /// The text as given.
        arn: String,
        /// What is wrong with it.
        what: &'static str,
        /// The text without that.
        corrected: String,
    },
    /// The ARN belongs to a service other than AWS Signer.
    #[error("{arn:?} is an ARN of the service {service:?}, not of signer")]
    OtherService {
        /// The whole ARN.
        arn: String,
        /// Its service part.
        service: String,
    },
    /// The partition, region or account has characters or a length that AWS never uses.
    #[error("{arn:?}: {part} {value:?} is not valid: {rule}")]
    Part {
        /// The whole ARN.
        arn: String,
        /// Which part: `partition`, `region`, `account`, `profile name`, `profile version` or `job id`.
        part: &'static str,
        /// The part as given.
        value: String,
        /// What AWS allows there.
        rule: &'static str,
    },
    /// The resource is not the kind that was expected; the hint says which kind it is or how to correct it.
    #[error("{arn:?} is not {expected}: {hint}")]
    Resource {
        /// The whole ARN.
        arn: String,
        /// The kind that was expected, with its form.
        expected: &'static str,
        /// What it is instead, or the corrected form.
        hint: String,
    },
}

/// The account-wide part that all ARNs of AWS Signer share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    partition: String,
    region: String,
    account: String,
}

impl Location {
    /// Checks and joins the parts of a location.
    ///
    /// # Errors
    /// [`ArnError::Part`] names the part that is not valid.
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

    /// The partition: `aws`, `aws-cn`, `aws-us-gov`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The region, such as `us-west-2`.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account id, 12 digits.
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

/// Splits an ARN of AWS Signer into its location and its resource part.
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

/// Says what a resource is that is not of the expected kind; common slips get the corrected ARN.
fn wrong_resource(arn: &str, location: &Location, resource: &str, expected: &'static str) -> ArnError {
    let slip = ["signing-profiles/", "/signing-profile/", "signing-profile/"]
        .iter()
        .find_map(|slip| resource.strip_prefix(slip))
        .map(|rest| {
            format!("the resource is written /signing-profiles/NAME; did you mean {location}{PROFILES}{rest}?")
        });
    let hint = slip.unwrap_or_else(|| {
        if resource.starts_with(JOBS) { "it names a signing job" } else { "its resource part is another" }.to_owned()
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
