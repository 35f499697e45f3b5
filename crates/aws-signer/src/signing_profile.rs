//! `GetSigningProfile`: what a signing profile is. AWS Signer API Reference.

use aws_names::{NOTATION_PLATFORM, ProfileArn, ProfileVersionArn};
use limits::Deadline;
use notary::text::printable;

use super::client::SignerClient;
use super::error::{CallError, Failure};

/// A signing profile as AWS Signer describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SigningProfile {
    /// The version that signs now.
    pub version: ProfileVersionArn,
    /// The platform that it signs for; container signatures are those of [`NOTATION_PLATFORM`].
    pub platform: String,
    /// `Active`, `Canceled` or `Revoked`.
    pub status: String,
}

impl SigningProfile {
    /// Whether container images can be signed with it; else why not, and what to do.
    ///
    /// # Errors
    /// A sentence.
    pub fn check_usable(&self) -> Result<(), String> {
        if self.platform != NOTATION_PLATFORM {
            let platform = &self.platform;
            return Err(format!(
                "it is for the platform {platform}, and container images need {NOTATION_PLATFORM}: create another profile \
                 with that platform"
            ));
        }
        match self.status.as_str() {
            "Active" => Ok(()),
            status => Err(format!("its status is {status}, so it does not sign: create another profile")),
        }
    }
}

/// Asks what a profile is.
///
/// # Errors
/// [`CallError`], among others when there is no such profile.
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
        .profile_owner(profile.location().account());
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
    fn only_an_active_profile_of_the_right_platform_signs_images() {
        let version = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/demo/Ab12Cd34Ef".parse().unwrap();
        let profile = SigningProfile { version, platform: NOTATION_PLATFORM.into(), status: "Active".into() };
        assert_eq!(profile.check_usable(), Ok(()));
        let canceled = SigningProfile { status: "Canceled".into(), ..profile.clone() };
        assert!(canceled.check_usable().unwrap_err().contains("Canceled"));
        let lambda = SigningProfile { platform: "AWSLambda-SHA384-ECDSA".into(), ..profile };
        assert!(lambda.check_usable().unwrap_err().contains(NOTATION_PLATFORM));
    }
}
