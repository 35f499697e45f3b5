//! The policies of the configuration, with the files that they name: trust policy documents, trust stores, roots.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_signer::aws_signer_roots;
use notary::reference::RepositoryName;
use notary::trust::policy::{ArtifactLocation, TrustPolicyDocument, TrustStoreName};
use notary::x509::Certificate;
use notary::{UserMetadata, UserMetadataError};
use notation::trust_store::{TrustStore, TrustStoreError, read_certificates};
use notation::verify::{Demands, Evaluate, Requirement, Trust, VerificationPolicy};
use notation::{FolderError, NotationFolder, read_trust_policy};

use crate::cache::{Key, KeyBuilder};
use crate::config;

/// How many files of one trust store are watched. The folder is watched, too.
const MAX_STORE_FILES: usize = 1000;

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the policy {name:?}: {problem}")]
pub struct PolicyError {
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub problem: PolicyProblem,
}

/// What is wrong with a policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyProblem {
    /// The trust policy document, or notation's folder.
    #[error(transparent)]
    Document(#[from] FolderError),
    /// A file with roots.
    #[error(transparent)]
    Roots(#[from] TrustStoreError),
    /// A trust store of the document.
    #[error("{0}")]
    TrustStore(String),
    /// The required metadata.
    #[error(transparent)]
    Metadata(#[from] UserMetadataError),
}

/// A policy that is ready to verify.
#[derive(Debug)]
pub struct LoadedPolicy {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// Stands for everything that it says: equal keys give equal verdicts.
    pub key: Key,
    /// What is required beyond the trust policy.
    pub demands: Demands,
    /// The signers that are required, if more than one.
    pub requirement: Option<Requirement>,
    /// The most signatures that are looked at.
    pub max_signatures: usize,
    trust: LoadedTrust,
}

#[derive(Debug)]
enum LoadedTrust {
    Profiles(Arc<VerificationPolicy>),
    Document { document: TrustPolicyDocument, statements: BTreeMap<String, Arc<VerificationPolicy>> },
}

impl LoadedPolicy {
    /// The policy for a repository.
    ///
    /// # Errors
    /// Returns a sentence if no statement of the trust policy document applies to it.
    pub fn applicable(&self, repository: &RepositoryName) -> Result<&Arc<VerificationPolicy>, String> {
        match &self.trust {
            LoadedTrust::Profiles(policy) => Ok(policy),
            LoadedTrust::Document { document, statements } => {
                let statement = document.applicable_to(ArtifactLocation::Repository(repository));
                let statement = statement.map_err(|why| why.to_string())?;
                statements.get(statement.name()).ok_or_else(|| format!("no trust policy applies to {repository}"))
            }
        }
    }
}

/// Reads the files of all policies. Their order is that of the configuration's names.
///
/// # Errors
/// Returns [`PolicyError`] for the first policy that cannot be used as a whole: a trust store that cannot be read would
/// refuse images that it should let run.
pub fn load_policies(policies: &BTreeMap<String, config::Policy>) -> Result<Vec<LoadedPolicy>, PolicyError> {
    let load = |(name, policy): (&String, &config::Policy)| {
        load(name, policy).map_err(|problem| PolicyError { name: name.clone(), problem })
    };
    policies.iter().map(load).collect()
}

/// The folders of the trust stores that the policies read from notation's folder, and the files in them. A document
/// that cannot be read names none.
#[must_use]
pub fn trust_store_files(policies: &BTreeMap<String, config::Policy>) -> Vec<PathBuf> {
    let Ok(notation) = NotationFolder::from_environment(|name| std::env::var_os(name)) else { return Vec::new() };
    let mut folders = BTreeSet::new();
    for policy in policies.values() {
        let config::Trust::Document { path, roots } = &policy.trust else { continue };
        if let (true, Ok(document)) = (roots.is_empty(), read_trust_policy(path)) {
            let stores = document.policies().iter().flat_map(|(_, statement)| statement.trust_stores());
            folders.extend(stores.map(|name| notation.trust_store_folder(name)));
        }
    }
    let entries = |folder: &PathBuf| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().take(MAX_STORE_FILES);
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect::<Vec<_>>()
    };
    let files: Vec<PathBuf> = folders.iter().flat_map(entries).collect();
    folders.into_iter().chain(files).collect()
}

fn load(name: &str, policy: &config::Policy) -> Result<LoadedPolicy, PolicyProblem> {
    let mut key = Key::of("policy").with(policy.require.to_string()).with(policy.max_signatures.to_string());
    let metadata = policy.user_metadata.clone();
    key = key.with(metadata.len().to_string());
    for (name, value) in &metadata {
        key = key.with(name).with(value);
    }
    let user_metadata = UserMetadata::from_pairs(metadata)?;
    let (trust, key) = match &policy.trust {
        config::Trust::Profiles { profiles, roots } => {
            let roots = certificates(roots)?;
            let mut key = with_certificates(key.with("profiles"), &roots);
            for profile in profiles {
                key = key.with(profile.to_string());
            }
            let identities = profiles.iter().cloned().map(Into::into).collect();
            (LoadedTrust::Profiles(Arc::new(Trust { roots, identities }.into())), key)
        }
        config::Trust::Document { path, roots } => document(path, roots, key.with("document"))?,
    };
    let several = policy.require.get() > 1;
    let evaluate = if several { Evaluate::All } else { Evaluate::UntilVerified };
    Ok(LoadedPolicy {
        name: name.into(),
        key: key.key(),
        demands: Demands { user_metadata, evaluate },
        requirement: several.then(|| Requirement { signers: policy.require, from: Vec::new() }),
        max_signatures: policy.max_signatures,
        trust,
    })
}

/// A trust policy document of notation, with its trust stores in notation's folder, or with these roots in their place.
fn document(path: &Path, roots: &[PathBuf], mut key: KeyBuilder) -> Result<(LoadedTrust, KeyBuilder), PolicyProblem> {
    let document = read_trust_policy(path)?;
    key = key.with(format!("{:?}", document.policies()));
    let given = if roots.is_empty() { None } else { Some(certificates(roots)?) };
    let folder = match given {
        None => Some(NotationFolder::from_environment(|name| std::env::var_os(name))?),
        Some(_) => None,
    };
    let mut stores: Vec<(TrustStoreName, Vec<Certificate>)> = Vec::new();
    let mut read = |name: &TrustStoreName| -> Result<TrustStore, TrustStoreError> {
        let store = match (&given, &folder) {
            (Some(roots), _) => TrustStore::from_certificates(name.clone(), roots.clone())?,
            (None, Some(folder)) => folder.trust_store(name)?,
            (None, None) => TrustStore::from_certificates(name.clone(), Vec::new())?,
        };
        stores.push((name.clone(), store.certificates().to_vec()));
        Ok(store)
    };
    let mut statements = BTreeMap::new();
    for (_, statement) in document.policies() {
        let policy = VerificationPolicy::from_statement(statement, &mut read);
        if let Some(why) = policy.unreadable().next() {
            return Err(PolicyProblem::TrustStore(why.to_owned()));
        }
        statements.insert(statement.name().to_owned(), Arc::new(policy));
    }
    for (name, certificates) in stores {
        key = with_certificates(key.with(name.to_string()), &certificates);
    }
    Ok((LoadedTrust::Document { document, statements }, key))
}

/// The certificates in these files, or AWS Signer's roots if there are none.
fn certificates(files: &[PathBuf]) -> Result<Vec<Certificate>, TrustStoreError> {
    if files.is_empty() {
        return Ok(aws_signer_roots().iter().map(|root| root.certificate().clone()).collect());
    }
    let mut roots = Vec::new();
    for file in files {
        roots.extend(read_certificates(file)?);
    }
    Ok(roots)
}

fn with_certificates(mut key: KeyBuilder, certificates: &[Certificate]) -> KeyBuilder {
    for certificate in certificates {
        key = key.with(certificate.thumbprint());
    }
    key.with("end of certificates")
}
