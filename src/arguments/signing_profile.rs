//! The signing profile on the command line: its ARN, or its name if the AWS configuration has region and account.

use std::str::FromStr;

use aws_names::{ArnError, ProfileArn, ProfileName};
use aws_signer::{CompletionError, SignerConfig, complete_profile_name};

use super::signer::SignerArgs;
use crate::output::Output;
use crate::output::exit::CliError;

/// A signing profile as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningProfile {
    /// By its ARN.
    Arn(ProfileArn),
    /// By its name.
    Name(ProfileName),
}

impl FromStr for SigningProfile {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        match text.parse::<ProfileName>() {
            Ok(name) => Ok(Self::Name(name)),
            Err(_) => text.parse().map(Self::Arn),
        }
    }
}

impl SigningProfile {
    /// The ARN. A completed one is printed before it is used.
    ///
    /// # Errors
    /// Returns [`CliError`] if the name cannot be completed.
    pub fn arn(self, signer: &SignerArgs, config: &SignerConfig, output: &Output) -> Result<ProfileArn, CliError> {
        let name = match self {
            Self::Arn(arn) => return Ok(arn),
            Self::Name(name) => name,
        };
        let region = signer.region().map(str::to_owned).or_else(|| std::env::var("NOTATION_AWS_SIGNER_REGION").ok());
        match complete_profile_name(config, &name, region.as_deref()) {
            Ok(arn) => {
                output.note(format_args!("The signing profile {name} is {arn}"));
                Ok(arn)
            }
            Err(why) => {
                let arn = format!("--profile arn:aws:signer:REGION:ACCOUNT:/signing-profiles/{name}");
                let advice = match &why {
                    CompletionError::Credentials(name) => {
                        format!(
                            "For its credentials pass --aws-profile {name}, and name the signing profile with {arn}."
                        )
                    }
                    CompletionError::Unreadable { .. } => format!("Pass the ARN: {arn}."),
                    CompletionError::Unknown { what, .. } => {
                        let other = match *what {
                            "region" => "or the region with --aws-region",
                            _ => "`aws sts get-caller-identity` shows the account",
                        };
                        format!("Pass the ARN: {arn}; {other}. A profile with credentials is named with --aws-profile.")
                    }
                };
                Err(CliError::configuration(why).with_advice(advice))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_name_is_told_from_an_arn() {
        let arn = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/release";
        assert_eq!(arn.parse::<SigningProfile>().unwrap(), SigningProfile::Arn(arn.parse().unwrap()));
        assert_eq!("release".parse::<SigningProfile>().unwrap(), SigningProfile::Name("release".parse().unwrap()));
        for wrong in ["", "my-sso", "a", "$PROFILE", &arn.replace("3333", ""), &format!("{arn}/Ab12Cd34Ef")] {
            assert!(wrong.parse::<SigningProfile>().is_err(), "{wrong}");
        }
    }
}
