//! By which policy `verify` judges: that of a document, which depends on the artifact's repository, or the signing profiles that
//! the command line names.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::aws::arn::{ArnError, ProfileArn, ProfileVersionArn};
use crate::cli::exit::CliError;
use crate::cli::place::Place;
use crate::cli::trust_args::roots;
use crate::trust::policy::{RegistryScope, RegistryScopes, TrustPolicy, TrustPolicyDocument};
use crate::trust::{FolderError, NotationFolder, read_trust_policy};
use crate::verify::{Trust, VerificationPolicy};

/// A signing profile that is trusted, or one version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TrustedProfile {
    Profile(ProfileArn),
    Version(ProfileVersionArn),
}

impl TrustedProfile {
    /// The profile, of whichever version.
    pub(super) fn profile(&self) -> &ProfileArn {
        match self {
            Self::Profile(profile) => profile,
            Self::Version(version) => version.profile(),
        }
    }

    /// The identity as trust policies have it.
    fn identity(&self) -> String {
        match self {
            Self::Profile(profile) => profile.to_string(),
            Self::Version(version) => version.to_string(),
        }
    }
}

impl FromStr for TrustedProfile {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        text.parse().map(Self::Profile).or_else(|why| text.parse().map(Self::Version).map_err(|_| why))
    }
}

/// Where the policy of an artifact comes from.
#[derive(Debug)]
pub(super) enum Policies {
    /// The same for every artifact.
    Profiles(Box<VerificationPolicy>),
    /// The statement of a document that is for the artifact's repository.
    Document {
        document: TrustPolicyDocument,
        /// Where its trust stores are.
        stores: NotationFolder,
        /// The repository whose statement is for layouts.
        scope: Option<RegistryScope>,
    },
}

impl Policies {
    /// Nothing but these profiles is trusted, under these roots or AWS's.
    pub(super) fn of_profiles(profiles: &[TrustedProfile], root_files: &[PathBuf]) -> Result<Self, CliError> {
        let identities = profiles.iter().map(TrustedProfile::identity).collect();
        Ok(Self::Profiles(Box::new(Trust { roots: roots(root_files)?, identities }.into())))
    }

    /// The policy of this file, else notation's own; the trust stores are notation's in both cases.
    pub(super) fn of_document(file: Option<&Path>, scope: Option<RegistryScope>) -> Result<Self, CliError> {
        let stores = NotationFolder::of_environment(|name| std::env::var_os(name))?;
        let document = match file {
            Some(file) => read_trust_policy(file).map_err(|why| CliError::usage(format!("--policy: {why}")))?,
            None => stores.trust_policy().map_err(|why| {
                let help = match why {
                    FolderError::NoPolicy(_) => {
                        ", name a file with --policy, or the signing profiles to trust with --trusted-profile"
                    }
                    _ => "",
                };
                CliError::usage(format!("{why}{help}"))
            })?,
        };
        Ok(Self::Document { document, stores, scope })
    }

    /// The policy for an artifact.
    pub(super) fn applicable(&self, place: &Place) -> Result<VerificationPolicy, CliError> {
        match self {
            Self::Profiles(policy) => Ok((**policy).clone()),
            Self::Document { document, stores, scope } => {
                let statement = match (place.repository(), scope) {
                    (Some(repository), _) => document.applicable(&repository.to_string().parse()?)?,
                    (None, Some(scope)) => document.applicable(scope)?,
                    (None, None) => global(document)?,
                };
                Ok(VerificationPolicy::of_statement(statement, |name| stores.trust_store(name)))
            }
        }
    }
}

/// The statement for every artifact: the only one that a layout, which is no repository, can have unasked.
fn global(document: &TrustPolicyDocument) -> Result<&TrustPolicy, CliError> {
    let found = document.policies().iter().find(|(scopes, _)| *scopes == RegistryScopes::Global);
    found.map(|(_, policy)| policy).ok_or_else(|| {
        CliError::usage(
            "no trust policy has the scope \"*\", and a layout is no repository that one could be for: name the repository by \
             whose policy it is judged with --scope REGISTRY/REPOSITORY",
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_profile_or_a_version_of_it_is_trusted_and_nothing_else() {
        const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/prod";
        for text in [PROFILE.to_owned(), format!("{PROFILE}/abcde12345")] {
            let trusted: TrustedProfile = text.parse().unwrap();
            assert_eq!((trusted.identity(), trusted.profile().to_string()), (text, PROFILE.to_owned()));
        }
        for wrong in ["", "*", "prod", &PROFILE.replace("profiles", "profile"), &format!("{PROFILE}/a/b")] {
            assert!(wrong.parse::<TrustedProfile>().is_err(), "{wrong}");
        }
    }
}
