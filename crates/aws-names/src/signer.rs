//! The ARNs by which trust policies name a signer.

use std::fmt;
use std::str::FromStr;

use super::{AliasArn, AliasedProfileArn, ArnError, Location, ProfileArn, ProfileVersionArn};

/// Whose signatures are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SignerArn {
    /// All versions of a signing profile.
    Profile(ProfileArn),
    /// One version of a signing profile.
    Version(ProfileVersionArn),
    /// An alias of a signing profile.
    Alias(AliasArn),
    /// A signing profile that may be used through its alias only.
    Aliased(AliasedProfileArn),
}

impl SignerArn {
    /// Returns partition, region and account.
    #[must_use]
    pub fn location(&self) -> &Location {
        match self {
            Self::Profile(profile) => profile.location(),
            Self::Version(version) => version.location(),
            Self::Alias(alias) => alias.location(),
            Self::Aliased(profile) => profile.location(),
        }
    }

    /// Returns the profile, unless an alias names it.
    #[must_use]
    pub fn profile(&self) -> Option<&ProfileArn> {
        match self {
            Self::Profile(profile) => Some(profile),
            Self::Version(version) => Some(version.profile()),
            Self::Alias(_) | Self::Aliased(_) => None,
        }
    }

    /// Returns the same signer, in all versions.
    #[must_use]
    pub fn without_version(self) -> Self {
        match self {
            Self::Version(version) => Self::Profile(version.profile().clone()),
            other => other,
        }
    }
}

impl From<ProfileArn> for SignerArn {
    fn from(profile: ProfileArn) -> Self {
        Self::Profile(profile)
    }
}

impl fmt::Display for SignerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile(profile) => profile.fmt(f),
            Self::Version(version) => version.fmt(f),
            Self::Alias(alias) => alias.fmt(f),
            Self::Aliased(profile) => profile.fmt(f),
        }
    }
}

impl FromStr for SignerArn {
    type Err = ArnError;

    /// Parses one of the ARNs. The error is about the type that the resource looks like.
    fn from_str(text: &str) -> Result<Self, ArnError> {
        let resource = text.splitn(6, ':').nth(5).unwrap_or_default();
        match resource.trim_start_matches('/').split('/').next() {
            Some("aliased-signing-profiles" | "aliased-signing-profile") => text.parse().map(Self::Aliased),
            Some("aliases" | "alias") => text.parse().map(Self::Alias),
            _ => text.parse().map(Self::Profile).or_else(|why| text.parse().map(Self::Version).map_err(|_| why)),
        }
    }
}
