//! Whose credentials open a repository: the entries of `registries`, the Secrets of Kubernetes, the process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use limits::Deadline;
use notary::ReasonCode;
use notary::reference::RepositoryName;
use notation::Failure;
use notation::revocation::BoxFuture;
use registry::Credential;

use crate::cache::{Bounded, Key, Weight};
use crate::cluster::{Cluster, ClusterError, PullCredentials, PullSecret, Unusable};
use crate::config::PullSecrets;
use crate::decision::{Access, Code, PullIdentity, Stores};
use crate::registries::{self, Registries, SecretVersion};

/// How long a choice of credentials is used. The Secrets themselves are remembered a little longer.
const CHOICE: Duration = Duration::from_secs(2);
const CHOICES: usize = 2_000;
const CHOICE_BYTES: usize = 1024 * 1024;

/// How many Secrets of each kind a message names.
const MAX_NAMED: usize = 5;

/// Opens repositories with the first credentials that there are for them.
#[derive(Debug)]
pub struct Opener {
    registries: Registries,
    cluster: Option<Cluster>,
    mode: PullSecrets,
    choices: Bounded<Arc<Access>>,
}

impl Weight for Arc<Access> {
    fn heap(&self) -> usize {
        // A repository's name, its URL, and shared clients.
        size_of::<Access>() + 512
    }
}

impl registries::SecretCredentials for PullSecret {
    fn version(&self) -> SecretVersion {
        SecretVersion {
            namespace: self.namespace.to_string(),
            name: self.name.to_string(),
            resource_version: self.resource_version.to_string(),
        }
    }

    fn credential(&self, repository: &RepositoryName) -> Option<Credential> {
        // A malformed entry is as good as none; another source may work.
        self.credential(repository).unwrap_or_else(|why| {
            tracing::warn!(%why, "a pull secret is malformed");
            None
        })
    }
}

impl Opener {
    /// Opens repositories of these registries. `cluster` gives the Secrets, as `mode` says.
    #[must_use]
    pub fn new(registries: Registries, cluster: Option<Cluster>, mode: PullSecrets) -> Self {
        Self { registries, cluster, mode, choices: Bounded::new(CHOICE_BYTES, CHOICES) }
    }

    /// What a choice depends on. Questions without Pod secrets are alike in all namespaces.
    fn key(&self, repository: &RepositoryName, namespace: Option<&str>, pull: &PullIdentity) -> Key {
        let key = Key::of("choice").with(repository.registry()).with(repository.path());
        let Some((namespace, account, _)) = self.pod(namespace, pull) else { return key.key() };
        let mut key = key.with(namespace);
        if self.mode == PullSecrets::PodAndServiceAccount {
            key = key.with("account").with(account);
        }
        for secret in &pull.secrets {
            key = key.with(secret);
        }
        key.key()
    }

    /// The namespace and the service account of a Pod whose Secrets are used.
    fn pod<'a>(
        &'a self,
        namespace: Option<&'a str>,
        pull: &'a PullIdentity,
    ) -> Option<(&'a str, &'a str, &'a Cluster)> {
        let cluster = self.cluster.as_ref().filter(|_| self.mode != PullSecrets::None)?;
        Some((namespace?, pull.service_account.as_deref()?, cluster))
    }

    async fn choose(
        &self,
        repository: &RepositoryName,
        namespace: Option<&str>,
        pull: &PullIdentity,
        deadline: Deadline,
    ) -> Result<Access, Failure> {
        let endpoint = self.registries.endpoint(repository);
        let endpoint = endpoint.map_err(|why| Failure::new(ReasonCode::Configuration, why.to_string()))?;
        let mut unusable = Vec::new();
        let configured = match (endpoint.configured_secret(), &self.cluster) {
            (Some((namespace, name)), Some(cluster)) => match cluster.secret(namespace, name, deadline).await {
                Ok(secret) => Some(secret),
                // Another source may work; it is named when none does.
                Err(ClusterError::Unusable(why)) => {
                    unusable.push(why);
                    None
                }
                Err(why) => return Err(failure(&why)),
            },
            _ => None,
        };
        let secrets = match self.pod(namespace, pull) {
            Some((namespace, _, cluster)) => {
                let secrets = cluster.pull_secrets(namespace, pull, self.mode, deadline).await;
                secrets.map_err(|why| failure(&why))?
            }
            None => PullCredentials::default(),
        };
        let chosen = self.registries.choose(&endpoint, configured.as_ref(), &secrets.secrets);
        let asked = configured.iter().chain(&secrets.secrets).filter(|_| chosen.secret().is_none());
        let others: Vec<String> = asked.map(|secret| format!("{}/{}", secret.namespace, secret.name)).collect();
        let store = self.registries.store(&chosen);
        let store = store.map_err(|why| Failure::new(why.code(), why.to_string()))?;
        unusable.extend(secrets.unusable);
        let used = chosen.secret().is_some().then(|| chosen.to_string());
        let hint = hint(used.as_deref(), &others, endpoint.repository().registry(), &unusable);
        Ok(Access { id: chosen.id(), store, hint })
    }
}

impl Stores for Opener {
    fn remembered(
        &self,
        repository: &RepositoryName,
        namespace: Option<&str>,
        pull: &PullIdentity,
    ) -> Option<Arc<Access>> {
        let known = self.choices.get(&self.key(repository, namespace, pull), Instant::now())?;
        Some(Arc::clone(&known.value))
    }

    fn access<'a>(
        &'a self,
        repository: &'a RepositoryName,
        namespace: Option<&'a str>,
        pull: &'a PullIdentity,
        deadline: Deadline,
    ) -> BoxFuture<'a, Result<Arc<Access>, Failure>> {
        Box::pin(async move {
            if let Some(known) = self.remembered(repository, namespace, pull) {
                return Ok(known);
            }
            let began = Instant::now();
            let access = Arc::new(self.choose(repository, namespace, pull, deadline).await?);
            self.choices.insert(self.key(repository, namespace, pull), Arc::clone(&access), began, CHOICE);
            Ok(access)
        })
    }
}

/// Which Secret was used, and which could not be, for when the registry refuses access.
fn hint(used: Option<&str>, others: &[String], registry: &str, unusable: &[Unusable]) -> Option<Arc<str>> {
    let used = used.map(|used| format!("the credentials are those of {used}"));
    let others = others.iter().take(MAX_NAMED).map(|name| format!("the Secret {name} has no entry for {registry}"));
    let unusable = unusable.iter().take(MAX_NAMED).map(ToString::to_string);
    let hints: Vec<String> = used.into_iter().chain(others).chain(unusable).collect();
    (!hints.is_empty()).then(|| hints.join("; ").into())
}

fn failure(why: &ClusterError) -> Failure {
    let code = match why.code() {
        Code::Credentials => ReasonCode::Credentials,
        Code::Deadline => ReasonCode::Deadline,
        Code::Throttled => ReasonCode::Throttled,
        _ => ReasonCode::Unreachable,
    };
    Failure::new(code, why.to_string())
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn a_refused_access_names_the_secret_that_was_used_and_those_without_an_entry() {
        let others = ["team-a/one".to_owned(), "team-a/two".to_owned()];
        let said = |used, others: &[String]| hint(used, others, "r.example.com", &[]).unwrap_or_default().to_string();
        assert_eq!(said(Some("the Secret team-a/pull"), &[]), "the credentials are those of the Secret team-a/pull");
        assert_eq!(
            said(None, &others),
            "the Secret team-a/one has no entry for r.example.com; the Secret team-a/two has no entry for r.example.com"
        );
        assert_eq!(said(None, &[]), "");
    }
}
