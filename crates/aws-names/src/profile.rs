//! ARNs of signing profiles.

use std::fmt;
use std::str::FromStr;

use super::arn::{PROFILES, split, wrong_resource};
use super::{ArnError, Location, NameError, ProfileVersionArn};

/// The name of a signing profile: 2 to 64 letters, digits and underscores.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileName(String);

impl ProfileName {
    /// The Signer API's rule for profile names.
    pub const RULE: &'static str = "a profile name has 2 to 64 letters, digits and underscores";

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProfileName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let valid = (2..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        valid.then(|| Self(name.to_owned())).ok_or_else(|| NameError::new("profile name", name, Self::RULE))
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
    /// Creates the ARN of the profile `name` at `location`.
    #[must_use]
    pub fn new(location: Location, name: ProfileName) -> Self {
        Self { location, name }
    }

    /// Returns partition, region and account.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the name of the profile.
    #[must_use]
    pub fn name(&self) -> &ProfileName {
        &self.name
    }

    /// Returns the ARN of a version of this profile.
    ///
    /// # Errors
    /// Returns [`ArnError::Part`] if `version` is not ten letters and digits.
    pub fn with_version(self, version: &str) -> Result<ProfileVersionArn, ArnError> {
        ProfileVersionArn::new(self, version)
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

pub(super) fn profile_name(arn: &str, name: &str) -> Result<ProfileName, ArnError> {
    name.parse().map_err(|why| ArnError::Part { arn: arn.to_owned(), why })
}
