//! ARNs of signing profile versions.

use std::fmt;
use std::str::FromStr;

use super::arn::{PROFILES, split, wrong_resource};
use super::profile::profile_name;
use super::{ArnError, Location, NameError, ProfileArn};

/// `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME/VERSION`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileVersionArn {
    profile: ProfileArn,
    version: String,
}

impl ProfileVersionArn {
    /// Creates the ARN of a version of `profile`.
    ///
    /// # Errors
    /// Returns [`ArnError::Part`] if `version` is not ten letters and digits.
    pub fn new(profile: ProfileArn, version: &str) -> Result<Self, ArnError> {
        if version.len() == 10 && version.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Ok(Self { profile, version: version.to_owned() });
        }
        let why = NameError::new("profile version", version, "a profile version has ten letters and digits");
        Err(ArnError::Part { arn: format!("{profile}/{version}"), why })
    }

    /// Returns the ARN of the profile.
    #[must_use]
    pub fn profile(&self) -> &ProfileArn {
        &self.profile
    }

    /// Returns the version, ten letters and digits.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns partition, region and account.
    #[must_use]
    pub fn location(&self) -> &Location {
        self.profile.location()
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
        Self::new(ProfileArn::new(location, profile_name(text, name)?), version)
    }
}
