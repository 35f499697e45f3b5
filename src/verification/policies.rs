//! The trust policy to apply: from a document, or from `--trusted-profile`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_names::SignerArn;
use notary::trust::policy::TrustPolicy;
use notation::verify::{Trust, VerificationPolicy};
use notation::{FolderError, NotationFolder};

use crate::arguments::roots::roots;
use crate::output::exit::CliError;

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
        /// The policies in use by name, with their trust stores. Each store is read once, so that all artifacts of a
        /// command are verified with the same certificates.
        read: Mutex<HashMap<String, Arc<VerificationPolicy>>>,
    },
}

impl<Document> Policies<Document> {
    /// A policy that trusts only these profiles, with the roots in these files or AWS's roots.
    ///
    /// # Errors
    /// Returns [`CliError`] if a root cannot be read.
    pub fn from_profiles(profiles: &[SignerArn], root_files: &[PathBuf]) -> Result<Self, CliError> {
        let identities = profiles.iter().cloned().map(Into::into).collect();
        Ok(Self::Profiles(Arc::new(Trust { roots: roots(root_files)?, identities }.into())))
    }

    /// The document in `file`, read with `read`, or notation's own document, read with `own`. The trust stores are
    /// notation's in both cases.
    ///
    /// # Errors
    /// Returns [`CliError`] if there is no document, or it is invalid.
    pub fn from_document(
        file: Option<&Path>,
        read: fn(&Path) -> Result<Document, FolderError>,
        own: fn(&NotationFolder) -> Result<Document, FolderError>,
    ) -> Result<Self, CliError> {
        let stores = NotationFolder::from_environment(|name| std::env::var_os(name))?;
        let document = match file {
            Some(file) => read(file).map_err(|why| CliError::from(why).context("--policy"))?,
            None => own(&stores).map_err(|why| match why {
                FolderError::NoPolicy(_) => CliError::from(why).with_advice(
                    "Run `notation-aws-signer setup` or `notation-aws-signer policy init`, or pass --policy FILE or \
                     --trusted-profile ARN.",
                ),
                why => why.into(),
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
                let policy =
                    || Arc::new(VerificationPolicy::from_statement(statement, |name| stores.trust_store(name)));
                let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(read.entry(statement.name().to_owned()).or_insert_with(policy).clone())
            }
        }
    }
}
