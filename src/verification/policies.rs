//! The trust policy to apply: from a document, or from `--trusted-profile`.

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

/// A trusted signing profile, or one version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedProfile {
    /// All versions of a profile.
    Profile(ProfileArn),
    /// One version.
    Version(ProfileVersionArn),
}

impl TrustedProfile {
    /// The profile, without the version.
    #[must_use]
    pub fn profile(&self) -> &ProfileArn {
        match self {
            Self::Profile(profile) => profile,
            Self::Version(version) => version.profile(),
        }
    }

    /// The trusted identity in the form of trust policies.
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

/// The source of the trust policy. `Document` is the document type for artifacts or blobs.
#[derive(Debug)]
pub enum Policies<Document> {
    /// One policy for everything, from `--trusted-profile`.
    Profiles(Arc<VerificationPolicy>),
    /// The policies of a document.
    Document {
        /// The document.
        document: Document,
        /// The folder with the trust stores.
        stores: NotationFolder,
        /// The policies in use by name, with their trust stores. Each store is read once, so that all artifacts of a command are
        /// verified with the same certificates.
        read: Mutex<HashMap<String, Arc<VerificationPolicy>>>,
    },
}

impl<Document> Policies<Document> {
    /// A policy that trusts only these profiles, with the roots in these files or AWS's roots.
    ///
    /// # Errors
    /// Returns [`CliError`] if a root cannot be read.
    pub fn of_profiles(profiles: &[TrustedProfile], root_files: &[PathBuf]) -> Result<Self, CliError> {
        let identities = profiles.iter().map(TrustedProfile::identity).collect();
        Ok(Self::Profiles(Arc::new(Trust { roots: roots(root_files)?, identities }.into())))
    }

    /// The document in `file`, read with `read`, or notation's own document, read with `own`. The trust stores are notation's in
    /// both cases.
    ///
    /// # Errors
    /// Returns [`CliError`] if there is no document, or it is invalid.
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
                        " (run `notation-aws-signer setup` or `notation-aws-signer policy init`), or pass --policy FILE or \
                         --trusted-profile ARN"
                    }
                    _ => "",
                };
                CliError::usage(format!("{why}{help}"))
            })?,
        };
        Ok(Self::Document { document, stores, read: Mutex::default() })
    }

    /// The policy: the one that `choose` selects from the document, or that of the trusted profiles.
    ///
    /// # Errors
    /// Returns the error of `choose`.
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
    fn parses_arns_of_profiles_and_versions() {
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
