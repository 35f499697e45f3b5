//! Signing profiles: `PutSigningProfile`, `GetSigningProfile`, `ListSigningProfiles` and `CancelSigningProfile` of the
//! AWS Signer API Reference.

mod cancel;
mod get;
mod list;
mod put;
mod validity;

use std::collections::BTreeMap;

use aws_names::{NOTATION_PLATFORM, ProfileVersionArn};
use time::OffsetDateTime;

pub use self::cancel::cancel_signing_profile;
pub use self::get::{own_signing_profile, signing_profile};
pub use self::list::{ProfileFilter, list_signing_profiles};
pub use self::put::{NewProfile, put_signing_profile};
pub use self::validity::{SignatureValidity, ValidityError, ValidityUnit};
use super::overrides::Overrides;

/// A signing profile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SigningProfile {
    /// The current version.
    pub version: ProfileVersionArn,
    /// The signing platform; [`NOTATION_PLATFORM`] for container signatures.
    pub platform: String,
    /// The platform's name for people.
    pub platform_name: Option<String>,
    /// `Active`, `Canceled` or `Revoked`.
    pub status: String,
    /// Why the profile has this status. Lists have none.
    pub status_reason: Option<String>,
    /// How long signatures are valid.
    pub validity: Option<SignatureValidity>,
    /// The ARN of the certificate that signs, if the profile has its own.
    pub signing_material: Option<String>,
    /// What differs from the platform's configuration. Lists have none.
    pub overrides: Overrides,
    /// The parameters of signing jobs.
    pub signing_parameters: BTreeMap<String, String>,
    /// The revocation of the current version, if it was revoked. Lists have none.
    pub revocation: Option<ProfileRevocation>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// The revocation of a signing profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRevocation {
    /// Signatures made at this time or later are revoked.
    pub effective_time: Option<OffsetDateTime>,
    /// When it was revoked.
    pub revoked_at: Option<OffsetDateTime>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
}

impl SigningProfile {
    /// Whether the profile is for container signatures.
    #[must_use]
    pub fn is_notation(&self) -> bool {
        self.platform == NOTATION_PLATFORM
    }

    /// Checks that the profile can sign container images.
    ///
    /// # Errors
    /// Returns the reason, with advice, if the platform or the status of the profile does not allow it.
    pub fn check_usable(&self) -> Result<(), String> {
        if !self.is_notation() {
            let platform = &self.platform;
            return Err(format!(
                "its platform is {platform}, but container images need {NOTATION_PLATFORM}: create a profile \
                 with that platform"
            ));
        }
        match self.status.as_str() {
            "Active" => Ok(()),
            status => Err(format!("its status is {status}, so it cannot sign: create another profile")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn only_active_profiles_for_notation_are_usable() {
        let profile = SigningProfile {
            version: "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo/Ab12Cd34Ef".parse().unwrap(),
            platform: NOTATION_PLATFORM.into(),
            platform_name: None,
            status: "Active".into(),
            status_reason: None,
            validity: None,
            signing_material: None,
            overrides: Overrides::default(),
            signing_parameters: BTreeMap::new(),
            revocation: None,
            tags: BTreeMap::new(),
        };
        assert_eq!(profile.check_usable(), Ok(()));
        let canceled = SigningProfile { status: "Canceled".into(), ..profile.clone() };
        assert!(canceled.check_usable().unwrap_err().contains("Canceled"));
        let lambda = SigningProfile { platform: "AWSLambda-SHA384-ECDSA".into(), ..profile };
        assert!(lambda.check_usable().unwrap_err().contains(NOTATION_PLATFORM));
    }
}
