//! Pull secrets: Secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`, and service
//! accounts that name some.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::ByteString;
use notary::reference::RepositoryName;
use registry::{Credential, CredentialError};
use serde::Deserialize;

use super::error::{ClusterError, Object, Unusable, WhyUnusable};
use super::keyring::{Form, Keyring, MAX_CONFIG};

/// A Secret with credentials for registries.
#[derive(Debug, Clone)]
pub struct PullSecret {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its `resourceVersion`, which changes with each change of it. With the namespace and the name it says which
    /// credentials were used, for keys of caches.
    pub resource_version: Arc<str>,
    keyring: Arc<Keyring>,
}

/// The pull secrets of a Pod and its service account.
#[derive(Debug, Clone, Default)]
pub struct PullCredentials {
    /// Those that can be used, in the order in which they are tried.
    pub secrets: Vec<PullSecret>,
    /// Those that cannot. They are named when no other source of credentials works.
    pub unusable: Vec<Unusable>,
}

impl PullSecret {
    /// The credential for a repository, if the Secret has one.
    ///
    /// # Errors
    /// Returns [`CredentialError::Malformed`] if the entry for the repository is malformed. It names the Secret.
    pub fn credential(&self, repository: &RepositoryName) -> Result<Option<Credential>, CredentialError> {
        let path = PathBuf::from(Object::secret(&self.namespace, &self.name).to_string());
        self.keyring.credential(&path, repository)
    }

    /// The bytes that it holds, about.
    pub(super) fn size(&self) -> usize {
        self.namespace.len() + self.name.len() + self.resource_version.len() + self.keyring.size()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
}

#[derive(Deserialize)]
struct RawSecret {
    metadata: Metadata,
    #[serde(default, rename = "type")]
    kind: String,
    data: Option<BTreeMap<String, ByteString>>,
}

/// Reads a Secret from the answer of the API server.
pub fn read_secret(object: &Object, answer: &[u8]) -> Result<Result<PullSecret, WhyUnusable>, ClusterError> {
    let secret: RawSecret = parse(object, answer)?;
    let (form, entry) = match secret.kind.as_str() {
        "kubernetes.io/dockerconfigjson" => (Form::ConfigJson, ".dockerconfigjson"),
        "kubernetes.io/dockercfg" => (Form::Cfg, ".dockercfg"),
        _ => return Ok(Err(WhyUnusable::Type(secret.kind))),
    };
    let Some(ByteString(content)) = secret.data.and_then(|mut data| data.remove(entry)) else {
        return Ok(Err(WhyUnusable::NoEntry(entry)));
    };
    if content.len() > MAX_CONFIG {
        return Ok(Err(WhyUnusable::TooLarge(MAX_CONFIG)));
    }
    Ok(match Keyring::parse(form, &content) {
        Ok(keyring) => Ok(PullSecret {
            namespace: object.namespace.as_str().into(),
            name: object.name.as_str().into(),
            resource_version: secret.metadata.resource_version.into(),
            keyring: Arc::new(keyring),
        }),
        Err(why) => Err(WhyUnusable::Malformed(why)),
    })
}

/// Reads the names of the pull secrets of a ServiceAccount from the answer of the API server, at most so many.
pub fn read_service_account(object: &Object, answer: &[u8], most: usize) -> Result<Vec<String>, ClusterError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct RawAccount {
        image_pull_secrets: Option<Vec<Name>>,
    }
    #[derive(Deserialize)]
    struct Name {
        #[serde(default)]
        name: String,
    }
    let account: RawAccount = parse(object, answer)?;
    let names = account.image_pull_secrets.unwrap_or_default().into_iter().map(|secret| secret.name);
    Ok(names.take(most).collect())
}

fn parse<'a, T: Deserialize<'a>>(object: &Object, answer: &'a [u8]) -> Result<T, ClusterError> {
    serde_json::from_slice(answer).map_err(|why| {
        // The parser's own words quote values.
        let what = match why.classify() {
            serde_json::error::Category::Data => "a member has an unexpected type or is missing",
            _ => "it is not JSON",
        };
        let why = format!("{what} (line {}, column {})", why.line(), why.column());
        ClusterError::Malformed { object: object.clone(), why }
    })
}
