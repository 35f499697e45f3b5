//! The signing profile version that a signature names.

use std::fmt;
use std::str::FromStr;

use super::arn::ALIASED_PROFILES;
use super::{AliasedProfileArn, ArnError, Location, ProfileArn, ProfileVersionArn};

/// What `com.amazonaws.signer.signingProfileVersion` names in a signature.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SigningProfileVersion {
    /// A version of a signing profile.
    Profile(ProfileVersionArn),
    /// A signing profile that may be used through its alias only: the signature names neither profile nor version.
    Aliased(AliasedProfileArn),
}

impl SigningProfileVersion {
    /// Returns partition, region and account.
    #[must_use]
    pub fn location(&self) -> &Location {
        match self {
            Self::Profile(version) => version.location(),
            Self::Aliased(profile) => profile.location(),
        }
    }

    /// Returns the version of the profile, unless only an alias names it.
    #[must_use]
    pub fn version(&self) -> Option<&ProfileVersionArn> {
        match self {
            Self::Profile(version) => Some(version),
            Self::Aliased(_) => None,
        }
    }

    /// Returns the profile, unless only an alias names it.
    #[must_use]
    pub fn profile(&self) -> Option<&ProfileArn> {
        self.version().map(ProfileVersionArn::profile)
    }

    /// Returns what names the profile without a version: its ARN, or that of the aliased signing profile.
    #[must_use]
    pub fn unversioned(&self) -> String {
        self.profile().map_or_else(|| self.to_string(), ToString::to_string)
    }
}

impl From<ProfileVersionArn> for SigningProfileVersion {
    fn from(version: ProfileVersionArn) -> Self {
        Self::Profile(version)
    }
}

impl fmt::Display for SigningProfileVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile(version) => version.fmt(f),
            Self::Aliased(profile) => profile.fmt(f),
        }
    }
}

impl FromStr for SigningProfileVersion {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        match text.contains(ALIASED_PROFILES) {
            true => text.parse().map(Self::Aliased),
            false => text.parse().map(Self::Profile),
        }
    }
}
