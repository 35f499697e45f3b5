//! Amazon Resource Names of AWS Signer: signing profiles, their versions, and signing jobs.
//!
//! The forms are those of the AWS Service Authorization Reference for AWS Signer:
//! `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME[/VERSION]` and `…:/signing-jobs/ID`. The rules for names and
//! versions are those of the Signer API (`PutSigningProfile`). Comparison is exact: AWS treats profile names as case-sensitive.

use std::fmt;
use std::str::FromStr;

const PROFILES: &str = "/signing-profiles/";
const JOBS: &str = "/signing-jobs/";
const MAX_LENGTH: usize = 512;

/// Why a text is not the ARN that was expected. The values are the texts as given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArnError {
    /// The text is not six parts separated by colons, the first of them `arn`.
    #[error("{0:?} is not an ARN: expected arn:PARTITION:signer:REGION:ACCOUNT:RESOURCE")]
    NotAnArn(String),
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

/// A name of a signing profile: 2 to 64 letters, digits and underscores.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileName(String);

impl ProfileName {
    /// What the Signer API allows as a profile name.
    pub const RULE: &'static str = "a profile name has 2 to 64 letters, digits and underscores";

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProfileName {
    type Err = ArnError;

    fn from_str(name: &str) -> Result<Self, ArnError> {
        let valid = (2..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        valid.then(|| Self(name.to_owned())).ok_or_else(|| ArnError::Part {
            arn: name.to_owned(),
            part: "profile name",
            value: name.to_owned(),
            rule: Self::RULE,
        })
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileArn {
    location: Location,
    name: ProfileName,
}

impl ProfileArn {
    /// The ARN of the profile `name` at `location`.
    #[must_use]
    pub fn new(location: Location, name: ProfileName) -> Self {
        Self { location, name }
    }

    /// Partition, region and account.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The profile's name.
    #[must_use]
    pub fn name(&self) -> &ProfileName {
        &self.name
    }

    /// The ARN of one version of this profile.
    ///
    /// # Errors
    /// [`ArnError::Part`] when `version` is not ten letters and digits.
    pub fn with_version(self, version: &str) -> Result<ProfileVersionArn, ArnError> {
        if version.len() == 10 && version.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Ok(ProfileVersionArn { profile: self, version: version.to_owned() });
        }
        Err(ArnError::Part {
            arn: format!("{self}/{version}"),
            part: "profile version",
            value: version.to_owned(),
            rule: "a profile version has ten letters and digits",
        })
    }
}

impl fmt::Display for ProfileArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{PROFILES}{}", self.location, self.name)
    }
}

impl FromStr for ProfileArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        const EXPECTED: &str = "a signing profile ARN (arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME)";
        let (location, resource) = split(text)?;
        let Some(name) = resource.strip_prefix(PROFILES) else {
            return Err(wrong_resource(text, &location, resource, EXPECTED));
        };
        if let Some((name, version)) = name.split_once('/') {
            let hint = match profile_name(text, name) {
                Ok(name) if !version.is_empty() => {
                    format!("it names the version {version:?}; the profile is {}", Self { location, name })
                }
                Ok(name) => format!("it ends in a slash; the profile is {}", Self { location, name }),
                Err(_) => "it has more than one part after /signing-profiles/".to_owned(),
            };
            return Err(ArnError::Resource { arn: text.to_owned(), expected: EXPECTED, hint });
        }
        Ok(Self { location, name: profile_name(text, name)? })
    }
}

/// `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME/VERSION`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileVersionArn {
    profile: ProfileArn,
    version: String,
}

impl ProfileVersionArn {
    /// The profile that this is a version of.
    #[must_use]
    pub fn profile(&self) -> &ProfileArn {
        &self.profile
    }

    /// The version, ten letters and digits.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Partition, region and account.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.profile.location
    }
}

impl fmt::Display for ProfileVersionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.profile, self.version)
    }
}

impl FromStr for ProfileVersionArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        const EXPECTED: &str =
            "a signing profile version ARN (arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME/VERSION)";
        let (location, resource) = split(text)?;
        let Some(rest) = resource.strip_prefix(PROFILES) else {
            return Err(wrong_resource(text, &location, resource, EXPECTED));
        };
        let Some((name, version)) = rest.split_once('/') else {
            let hint = "it has no version".to_owned();
            return Err(ArnError::Resource { arn: text.to_owned(), expected: EXPECTED, hint });
        };
        ProfileArn { location, name: profile_name(text, name)? }.with_version(version)
    }
}

/// `arn:PARTITION:signer:REGION:ACCOUNT:/signing-jobs/ID`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobArn {
    location: Location,
    id: String,
}

impl JobArn {
    /// The ARN of the job `id` at `location`.
    ///
    /// # Errors
    /// [`ArnError::Part`] when `id` is not 1 to 64 letters, digits and hyphens.
    pub fn new(location: Location, id: &str) -> Result<Self, ArnError> {
        let arn = Self { location, id: id.to_owned() };
        let valid = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if valid {
            return Ok(arn);
        }
        Err(ArnError::Part {
            arn: arn.to_string(),
            part: "job id",
            value: arn.id,
            rule: "a job id has letters, digits and hyphens",
        })
    }

    /// The job's id, a UUID in all that AWS issues.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Partition, region and the account that owns the job.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }
}

impl fmt::Display for JobArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{JOBS}{}", self.location, self.id)
    }
}

impl FromStr for JobArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        const EXPECTED: &str = "a signing job ARN (arn:PARTITION:signer:REGION:ACCOUNT:/signing-jobs/ID)";
        let (location, resource) = split(text)?;
        match resource.strip_prefix(JOBS) {
            Some(id) => Self::new(location, id),
            None => Err(wrong_resource(text, &location, resource, EXPECTED)),
        }
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
        return Err(not_an_arn());
    };
    if service != "signer" {
        return Err(ArnError::OtherService { arn: text.to_owned(), service: service.to_owned() });
    }
    Ok((Location::checked(text, partition, region, account)?, resource))
}

fn profile_name(arn: &str, name: &str) -> Result<ProfileName, ArnError> {
    name.parse().map_err(|_| ArnError::Part {
        arn: arn.to_owned(),
        part: "profile name",
        value: name.to_owned(),
        rule: ProfileName::RULE,
    })
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;

    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/NotationProd";

    #[test]
    fn a_profile_arn_of_any_partition_is_parsed() {
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc"] {
            let text = format!("arn:{partition}:signer:us-west-2:111122223333:/signing-profiles/A_1");
            let arn: ProfileArn = text.parse().unwrap();
            assert_eq!((arn.location().partition(), arn.name().as_str()), (partition, "A_1"));
            assert_eq!(arn.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_profile_arn_is_refused_with_the_reason() {
        for (text, why) in [
            ("NotationProd", "is not an ARN"),
            ("arn:aws:signer", "is not an ARN"),
            ("arn:aws:s3:us-west-2:111122223333:/signing-profiles/AB", "service \"s3\""),
            ("arn:aws:signer:us-west-2:11112222333:/signing-profiles/AB", "12 digits"),
            ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/A", "2 to 64"),
            ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/A-B", "2 to 64"),
            ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod*", "2 to 64"),
            ("arn:aws:signer:US-WEST-2:111122223333:/signing-profiles/AB", "region"),
            ("arn:aws:signer::111122223333:/signing-profiles/AB", "region"),
            ("arn:azure:signer:us-west-2:111122223333:/signing-profiles/AB", "partition"),
            ("arn:aws:signer:us-west-2:111122223333:/signing-jobs/AB", "names a signing job"),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profile/AB",
                "did you mean arn:aws:signer:us-west-2:111122223333:/signing-profiles/AB?",
            ),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/AB/Ab12Cd34Ef",
                "the profile is arn:aws:signer:us-west-2:111122223333:/signing-profiles/AB",
            ),
            ("arn:aws:signer:us-west-2:111122223333:/signing-profiles/AB/", "ends in a slash"),
            (" arn:aws:signer:us-west-2:111122223333:/signing-profiles/AB", "is not an ARN"),
        ] {
            let error = text.parse::<ProfileArn>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_version_arn_is_a_profile_and_ten_characters() {
        let arn: ProfileVersionArn = format!("{PROFILE}/Ab12Cd34Ef").parse().unwrap();
        assert_eq!(arn.profile().to_string(), PROFILE);
        assert_eq!(arn.version(), "Ab12Cd34Ef");
        for bad in ["", "/", "/short", "/Ab12Cd34Ef/", "/Ab12Cd34E*"] {
            assert!(format!("{PROFILE}{bad}").parse::<ProfileVersionArn>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_text_that_parses_is_printed_back_unchanged(text in "arn:aws(-[a-z]{1,4})?:signer:[a-z]{2}-[a-z]{1,9}-[0-9]:[0-9]{11,13}:/signing-(profiles|jobs)/[A-Za-z0-9_-]{1,66}(/[A-Za-z0-9]{9,11})?") {
            if let Ok(arn) = text.parse::<ProfileArn>() { prop_assert_eq!(arn.to_string(), text.clone()); }
            if let Ok(arn) = text.parse::<ProfileVersionArn>() { prop_assert_eq!(arn.to_string(), text.clone()); }
            if let Ok(arn) = text.parse::<JobArn>() { prop_assert_eq!(arn.to_string(), text); }
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in "\\PC{0,80}") {
            let _ = text.parse::<ProfileArn>();
            let _ = text.parse::<ProfileVersionArn>();
            let _ = text.parse::<JobArn>();
        }
    }
}
