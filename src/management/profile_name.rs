//! Signing profiles by name or ARN.

use std::time::Duration;

use aws_names::{ProfileArn, ProfileName};
use aws_signer::{
    CallError, Extent, ProfileFilter, SignerClient, SigningProfile as Found, list_signing_profiles, own_signing_profile,
};
use notary::ReasonCode;

use super::nearest::did_you_mean;
use super::service::Service;
use crate::arguments::signing_profile::SigningProfile;
use crate::output::exit::CliError;

/// How much of the list of profiles is read to find a similar name.
const SIMILAR: Extent = Extent { limit: 500, budget: Duration::from_secs(3) };

/// Parses the name or the ARN of a signing profile.
///
/// # Errors
/// Returns what a name or an ARN looks like.
pub fn profile(text: &str) -> Result<SigningProfile, String> {
    match text.starts_with("arn:") {
        true => text.parse().map(SigningProfile::Arn).map_err(|why: aws_names::ArnError| why.to_string()),
        false => match text.parse() {
            Ok(name) => Ok(SigningProfile::Name(name)),
            // Perhaps an ARN with a mistake.
            Err(_) if text.contains(':') => text.parse().map_err(|why: aws_names::ArnError| why.to_string()),
            Err(why) => Err(format!("{why}; or pass the ARN of the profile")),
        },
    }
}

/// A signing profile, and the client of its region.
#[derive(Debug)]
pub struct NamedProfile {
    /// The client.
    pub client: SignerClient,
    /// The name.
    pub name: ProfileName,
    /// The ARN, if it was given.
    pub arn: Option<ProfileArn>,
}

impl Service {
    /// The profile that the command line names.
    ///
    /// # Errors
    /// Returns [`CliError`] if its region is unknown, or another one is configured.
    pub async fn profile(&self, given: &SigningProfile) -> Result<NamedProfile, CliError> {
        Ok(match given {
            SigningProfile::Name(name) => NamedProfile { client: self.client().await?, name: name.clone(), arn: None },
            SigningProfile::Arn(arn) => {
                NamedProfile { client: self.client_of(arn).await?, name: arn.name().clone(), arn: Some(arn.clone()) }
            }
        })
    }

    /// As [`Self::profile`], for operations that change the profile of that name in the caller's account, whatever
    /// account the ARN has. They must not change another one.
    ///
    /// # Errors
    /// As [`Self::profile`], and if the ARN is not that of the caller's profile.
    pub async fn changeable_profile(&self, given: &SigningProfile) -> Result<NamedProfile, CliError> {
        let profile = self.profile(given).await?;
        if profile.arn.is_some() {
            self.own(&profile).await?;
        }
        Ok(profile)
    }

    /// Reads the profile of the caller's account.
    ///
    /// # Errors
    /// Returns [`CliError`] if the call fails, or the profile is another one than the ARN names.
    pub async fn own(&self, profile: &NamedProfile) -> Result<Found, CliError> {
        let NamedProfile { client, name, arn } = profile;
        let found = match own_signing_profile(client, name, self.deadline()).await {
            Ok(found) => found,
            Err(why) => return Err(self.explained(why, profile).await),
        };
        match arn {
            Some(arn) if arn != found.version.profile() => {
                let own = found.version.location().account();
                let why = format!(
                    "nothing was done: {arn} belongs to the account {}, but the credentials are of the account {own}",
                    arn.location().account()
                );
                Err(CliError::configuration(why).with_advice("Use credentials of the profile's account."))
            }
            _ => Ok(found),
        }
    }

    /// The error of a call about this profile. If there is no such profile, it names similar ones.
    pub async fn explained(&self, why: CallError, profile: &NamedProfile) -> CliError {
        if why.code() != ReasonCode::NotFound {
            return why.into();
        }
        let NamedProfile { client, name, arn } = profile;
        let error = CliError::from(why).context(format!("signing profile {name}"));
        let filter = ProfileFilter { include_canceled: true, ..ProfileFilter::default() };
        // The error stands without the list, too, which may not be permitted.
        let Ok(listed) = list_signing_profiles(client, &filter, SIMILAR).await else { return error };
        // The profiles of the caller's account say nothing about another one.
        let is_there = |found: &ProfileArn| arn.as_ref().is_none_or(|arn| arn.location() == found.location());
        let found = listed.items.iter().map(|profile| profile.version.profile()).filter(|found| is_there(found));
        let names = found.map(|found| found.name().as_str());
        match did_you_mean(name.as_str(), names) {
            Some(similar) => {
                error.with_advice(format!("{similar} `notation-aws-signer profile list` lists the profiles."))
            }
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn names_and_arns_are_accepted_and_mistakes_explained() {
        let arn = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/release";
        assert_eq!(profile("release"), Ok(SigningProfile::Name("release".parse().unwrap())));
        assert_eq!(profile(arn), Ok(SigningProfile::Arn(arn.parse().unwrap())));
        for (wrong, said) in [
            ("my-profile", "letters, digits and underscores"),
            ("", "letters, digits and underscores"),
            (&format!("{arn}/Ab12Cd34Ef"), "the profile is arn:aws"),
            (arn.trim_start_matches("arn:"), "begins with arn:"),
        ] {
            let why = profile(wrong).unwrap_err();
            assert!(why.contains(said), "{wrong}: {why}");
        }
    }
}
