//! From the objects of kyverno-notation-aws to this configuration: TrustPolicy and TrustStore of
//! `notation.nirmata.io/v1alpha1`.
//!
//! A TrustPolicy that trusts signing profiles of AWS Signer everywhere becomes a policy with `trustedProfiles`. Another
//! one becomes a trust policy document of notation in a file. The result trusts only what the objects trust: what
//! cannot be said here is an error.

mod objects;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aws_names::SignerArn;
use aws_signer::aws_signer_roots;
use notary::trust::policy::TrustPolicyDocument;
use notary::x509::Certificate;
use notation::trust_store::read_certificates_of;

pub use self::objects::Objects;
use self::objects::{Statement, Store, TrustPolicy};

/// The longest name of a policy.
const MAX_NAME: usize = 63;

/// A configuration, and the files that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The configuration as YAML.
    pub config: String,
    /// The files, relative to its folder.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Why objects cannot be converted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// A file is not YAML or JSON.
    #[error("not valid YAML or JSON: {0}")]
    Syntax(String),
    /// There are no TrustPolicy objects.
    #[error("no TrustPolicy of notation.nirmata.io/v1alpha1 was found")]
    NoPolicy,
    /// An object is malformed.
    #[error("{kind} {name:?}: {problem}")]
    Object {
        /// Its kind.
        kind: &'static str,
        /// Its name, printable.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

/// A policy of the configuration.
struct Policy {
    name: String,
    trust: Trust,
}

enum Trust {
    Profiles {
        profiles: Vec<String>,
        /// `None` for the roots of AWS, which are built in.
        roots: Option<PathBuf>,
    },
    Document {
        path: PathBuf,
        /// `None` for notation's folder.
        roots: Option<PathBuf>,
    },
}

/// Converts all objects.
///
/// # Errors
/// Returns [`ConvertError`] for the first object that cannot be converted.
pub fn convert(objects: &Objects) -> Result<Converted, ConvertError> {
    if objects.policies.is_empty() {
        return Err(ConvertError::NoPolicy);
    }
    let mut files = BTreeMap::new();
    let mut notes = Vec::new();
    let mut policies: Vec<Policy> = Vec::new();
    for policy in &objects.policies {
        let wrong = |problem: String| objects::wrong("TrustPolicy", &policy.name, problem);
        if policies.iter().any(|other| other.name == policy.name) {
            return Err(wrong("there are two with this name".to_owned()));
        }
        let is_name = policy.name.len() <= MAX_NAME
            && policy.name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && policy.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if !is_name {
            return Err(wrong(
                "its name cannot be that of a policy: at most 63 letters, digits, dots, underscores and \
                              hyphens"
                    .to_owned(),
            ));
        }
        let trust = trust(policy, objects, &mut files, &mut notes)?;
        policies.push(Policy { name: policy.name.clone(), trust });
    }
    let used: BTreeSet<&str> = objects.policies.iter().flat_map(TrustPolicy::stores).collect();
    for store in objects.stores.keys().filter(|store| !used.contains(store.as_str())) {
        notes.push(format!("the TrustStore {store} is used by no TrustPolicy, and left out"));
    }
    policies.sort_by(|one, other| one.name.cmp(&other.name));
    if policies.len() > 1 {
        notes.push(
            "Kyverno's policies name a policy by trustPolicy; for the service's own webhook, add a rule for the \
             namespaces of each policy"
                .to_owned(),
        );
    }
    Ok(Converted { config: write::config(&policies), files: files.into_iter().collect(), notes })
}

/// What a TrustPolicy trusts, as a policy here.
fn trust(
    policy: &TrustPolicy,
    objects: &Objects,
    files: &mut BTreeMap<PathBuf, Vec<u8>>,
    notes: &mut Vec<String>,
) -> Result<Trust, ConvertError> {
    let wrong = |problem: String| objects::wrong("TrustPolicy", &policy.name, problem);
    let document = write::document(policy);
    TrustPolicyDocument::parse(&document).map_err(|why| wrong(why.to_string()))?;
    for identity in policy.statements.iter().flat_map(|statement| &statement.identities) {
        // It would match no signer; placeholders such as ${REGION} are forgotten easily.
        if let Some(Err(why)) = identity.starts_with("arn:").then(|| identity.parse::<SignerArn>()) {
            return Err(wrong(why.to_string()));
        }
    }
    let mut stores: Vec<(&str, &Store, Vec<Certificate>)> = Vec::new();
    for name in policy.stores() {
        if stores.iter().any(|(known, ..)| *known == name) {
            continue;
        }
        let store =
            objects.stores.get(name).ok_or_else(|| wrong(format!("the TrustStore {name:?} is not in the files")))?;
        let certificates = read_certificates_of(Path::new(name), store.ca_bundle.as_bytes());
        let certificates = certificates.map_err(|why| objects::wrong("TrustStore", name, why.to_string()))?;
        stores.push((name, store, certificates));
    }
    for statement in &policy.statements {
        if statement.level == "skip" {
            notes.push(format!("{}: the statement {:?} verifies nothing (level skip)", policy.name, statement.name));
        }
    }
    let is_of_aws = |certificates: &[Certificate]| {
        certificates.iter().all(|one| aws_signer_roots().iter().any(|root| root.certificate() == one))
    };
    let are_equal = stores.windows(2).all(|pair| pair[0].2 == pair[1].2);
    let root_file = |files: &mut BTreeMap<PathBuf, Vec<u8>>| {
        stores.first().map(|(name, store, _)| {
            let path = PathBuf::from(format!("roots/{}.pem", name.replace(':', "-")));
            files.insert(path.clone(), store.ca_bundle.clone().into_bytes());
            path
        })
    };
    if let [statement] = &policy.statements[..]
        && let Some(profiles) = profiles(statement)
        && are_equal
        && !stores.is_empty()
    {
        // A part of AWS's roots would become all of them; the profiles' partition says which one counts.
        let roots = if is_of_aws(&stores[0].2) { None } else { root_file(files) };
        return Ok(Trust::Profiles { profiles, roots });
    }
    let path = PathBuf::from(format!("trustpolicies/{}.json", policy.name));
    files.insert(path.clone(), document);
    if are_equal {
        return Ok(Trust::Document { path, roots: root_file(files) });
    }
    // Roots in the configuration take the place of all trust stores: a statement would trust those of another.
    for (name, store, _) in &stores {
        let (kind, name) = name.split_once(':').unwrap_or(("ca", name));
        let path = PathBuf::from(format!("notation/truststore/x509/{kind}/{name}/{name}.pem"));
        files.insert(path, store.ca_bundle.clone().into_bytes());
    }
    notes.push(format!(
        "{}: its trust stores are in notation's folder: set XDG_CONFIG_HOME of the service to the folder that has \
         notation/",
        policy.name
    ));
    Ok(Trust::Document { path, roots: None })
}

/// The profiles of a statement that says no more than `trustedProfiles` does.
fn profiles(statement: &Statement) -> Option<Vec<String>> {
    let is_plain = statement.scopes == ["*"] && statement.level == "strict" && statement.overrides.is_empty();
    let is_authority = |store: &String| store.starts_with("signingAuthority:");
    if !is_plain || !statement.stores.iter().all(is_authority) || statement.identities.is_empty() {
        return None;
    }
    let are_profiles = statement.identities.iter().all(|identity| identity.parse::<SignerArn>().is_ok());
    are_profiles.then(|| statement.identities.clone())
}
