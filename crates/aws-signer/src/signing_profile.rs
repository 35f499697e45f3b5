//! `GetSigningProfile`: AWS Signer API Reference.

use aws_names::{NOTATION_PLATFORM, ProfileArn, ProfileVersionArn};
use limits::Deadline;
use notary::text::printable;

use super::client::SignerClient;
use super::error::CallError;
use super::failure::Failure;

/// A signing profile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SigningProfile {
    /// The current version.
    pub version: ProfileVersionArn,
    /// The signing platform; [`NOTATION_PLATFORM`] for container signatures.
    pub platform: String,
    /// `Active`, `Canceled` or `Revoked`.
    pub status: String,
}

impl SigningProfile {
    /// Checks that the profile can sign container images.
    ///
    /// # Errors
    /// Returns the reason, with advice, if the platform or the status of the profile does not allow it.
    pub fn check_usable(&self) -> Result<(), String> {
        if self.platform != NOTATION_PLATFORM {
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

/// Returns a signing profile.
///
/// # Errors
/// Returns [`CallError`] if the call fails, for example because the profile does not exist.
pub async fn signing_profile(
    client: &SignerClient,
    profile: &ProfileArn,
    deadline: Deadline,
) -> Result<SigningProfile, CallError> {
    const OPERATION: &str = "GetSigningProfile";
    let request = client
        .sdk()
        .get_signing_profile()
        .profile_name(profile.name().as_str())
        .profile_owner(profile.location().account().as_str());
    let answer = client.call(OPERATION, deadline, request.send()).await?;
    let wrong = |why: String| client.failed(OPERATION, Failure::Answer(why));
    let version = profile.clone().with_version(answer.profile_version().unwrap_or_default());
    Ok(SigningProfile {
        version: version.map_err(|why| wrong(printable(&why.to_string())))?,
        platform: printable(answer.platform_id().ok_or_else(|| wrong("it has no platformId".to_owned()))?),
        status: printable(answer.status().ok_or_else(|| wrong("it has no status".to_owned()))?.as_str()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn only_active_profiles_for_notation_are_usable() {
        let version = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo/Ab12Cd34Ef".parse().unwrap();
        let profile = SigningProfile { version, platform: NOTATION_PLATFORM.into(), status: "Active".into() };
        assert_eq!(profile.check_usable(), Ok(()));
        let canceled = SigningProfile { status: "Canceled".into(), ..profile.clone() };
        assert!(canceled.check_usable().unwrap_err().contains("Canceled"));
        let lambda = SigningProfile { platform: "AWSLambda-SHA384-ECDSA".into(), ..profile };
        assert!(lambda.check_usable().unwrap_err().contains(NOTATION_PLATFORM));
    }
}
