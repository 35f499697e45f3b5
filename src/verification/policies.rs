//! By which policy signatures are judged: one of a document, or the signing profiles that the command line names.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use aws_names::{ArnError, ProfileArn, ProfileVersionArn};
use notary::trust::policy::TrustPolicy;
use notation::verify::{Trust, VerificationPolicy};
use notation::{FolderError, NotationFolder};

use crate::arguments::roots::roots;
use crate::output::exit::CliError;

/// A signing profile that is trusted, or one version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedProfile {
    /// All its versions.
    Profile(ProfileArn),
    /// This version.
    Version(ProfileVersionArn),
}

impl TrustedProfile {
    /// The profile, of whichever version.
    #[must_use]
    pub fn profile(&self) -> &ProfileArn {
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

/// Where the policy comes from, with a document for the kind of thing that is verified.
#[derive(Debug)]
pub enum Policies<Document> {
    /// The same for everything.
    Profiles(Arc<VerificationPolicy>),
    /// One of the document's.
    Document {
        /// The document.
        document: Document,
        /// Where its trust stores are.
        stores: NotationFolder,
        /// The policies that were asked for, by their names, with their trust stores read: all artifacts of a command are judged
        /// by the same certificates.
        read: Mutex<HashMap<String, Arc<VerificationPolicy>>>,
    },
}

impl<Document> Policies<Document> {
    /// Nothing but these profiles is trusted, under these roots or AWS's.
    ///
    /// # Errors
    /// When a root cannot be read.
    pub fn of_profiles(profiles: &[TrustedProfile], root_files: &[PathBuf]) -> Result<Self, CliError> {
        let identities = profiles.iter().map(TrustedProfile::identity).collect();
        Ok(Self::Profiles(Arc::new(Trust { roots: roots(root_files)?, identities }.into())))
    }

    /// The document in this file, read by `read`, else notation's own, given by `own`; the trust stores are notation's in both
    /// cases.
    ///
    /// # Errors
    /// When there is no document, or it is not valid.
    pub fn of_document(
        file: Option<&Path>,
        read: fn(&Path) -> Result<Document, FolderError>,
        own: fn(&NotationFolder) -> Result<Document, FolderError>,
    ) -> Result<Self, CliError> {
        let stores = NotationFolder::of_environment(|name| std::env::var_os(name))?;
        let document = match file {
            Some(file) => read(file).map_err(|why| CliError::usage(format!("--policy: {why}")))?,
            None => own(&stores).map_err(|why| {
                let help = match why {
                    FolderError::NoPolicy(_) => {
                        " with `notation-aws-signer setup` or `notation-aws-signer policy init`, name a file with --policy, or \
                         the signing profiles to trust with --trusted-profile"
                    }
                    _ => "",
                };
                CliError::usage(format!("{why}{help}"))
            })?,
        };
        Ok(Self::Document { document, stores, read: Mutex::default() })
    }

    /// The policy that `choose` finds in the document, where there is one.
    ///
    /// # Errors
    /// What `choose` says.
    pub fn policy(
        &self,
        choose: impl FnOnce(&Document) -> Result<&TrustPolicy, CliError>,
    ) -> Result<Arc<VerificationPolicy>, CliError> {
        match self {
            Self::Profiles(policy) => Ok(policy.clone()),
            Self::Document { document, stores, read } => {
                let statement = choose(document)?;
                let policy = || Arc::new(VerificationPolicy::of_statement(statement, |name| stores.trust_store(name)));
                let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(read.entry(statement.name().to_owned()).or_insert_with(policy).clone())
            }
        }
    }
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
