//! Access to Kubernetes: pull secrets, which are read when an image needs them, and labels of namespaces, which are
//! watched when a rule needs them.
//!
//! | Question | Permission |
//! |---|---|
//! | [`Cluster::pull_secrets`], [`Cluster::secret`] | `get` on `secrets`, and on `serviceaccounts` |
//! | [`Cluster::running_pods`] | `list` on `pods` |
//! | [`Cluster::write_report`] | `create` and `patch` on `policyreports` or `reports` |
//! | [`Cluster::remove_reports`] | `list` and `delete` on them |
//! | [`TokenReviews`] | `create` on `tokenreviews` |
//! | [`Cluster::object`], `create_object`, `replace_object`, `patch_object`, `apply` | the verb on the [`Resource`] |
//! | [`NamespaceLabels`] | `list` and `watch` on `namespaces` |
//!
//! A Secret that is missing or may not be read is no error: another source may have the credentials. An API server that
//! does not answer is one: without its answer, whether the image is there for this Pod is undetermined.

mod connect;
mod error;
mod keyring;
mod names;
mod namespaces;
mod objects;
mod pods;
mod pull_secret;
mod reports;
mod request;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use limits::Deadline;

pub use self::error::{ClusterError, Object, ObjectKind, Resource, Unusable, Verb, WhyUnusable};
use self::names::is_valid;
pub use self::names::{is_label, is_subdomain};
pub use self::namespaces::NamespaceLabels;
pub use self::objects::Written;
pub use self::pods::{Page, RunningImage, RunningPod};
pub use self::pull_secret::{PullCredentials, PullSecret};
use self::pull_secret::{read_secret, read_service_account};
pub use self::reports::Dialect;
use self::request::{Answer, Api};
pub use self::tokens::{TokenReviews, TokenUnknown};
use crate::cache::{Bounded, Flights, Key, Weight};
use crate::config::PullSecrets;
use crate::decision::PullIdentity;
use crate::metrics::{CacheName, CacheResult};

/// The most secrets of a Pod and its service account that are looked at.
const MAX_SECRETS: usize = 16;
/// How long an object is used.
const KEPT: Duration = Duration::from_secs(10);
/// How long an object counts as missing.
const KEPT_MISSING: Duration = Duration::from_secs(5);
/// The memory of the objects that are kept, and their number.
const MAX_BYTES: usize = 8 * 1024 * 1024;
const MAX_OBJECTS: usize = 10_000;
/// The largest answer: Kubernetes permits 1 MiB in a Secret, a third more in base64, and annotations.
const MAX_ANSWER: usize = 3 * 1024 * 1024;

/// Access to Kubernetes. Clones share what they remember.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    api: Api,
    objects: Bounded<Found>,
    flights: Flights<Result<Found, ClusterError>>,
}

/// What is known about an object.
#[derive(Debug, Clone)]
enum Found {
    Secret(PullSecret),
    /// The names of its pull secrets.
    ServiceAccount(Arc<[String]>),
    Unusable(Arc<Unusable>),
}

impl Weight for Found {
    fn heap(&self) -> usize {
        match self {
            Self::Secret(secret) => secret.size(),
            Self::ServiceAccount(names) => names.iter().map(|name| size_of::<String>() + name.len()).sum(),
            Self::Unusable(unusable) => size_of::<Unusable>() + unusable.object.name.len() + 512,
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}

impl Cluster {
    /// The pull secrets that images in this namespace may be fetched with: those of the Pod, then those of its service
    /// account. Without a service account in `identity` no Pod is known, and there are none.
    ///
    /// # Errors
    /// Returns [`ClusterError`] if the API server does not answer before the deadline, or with an error: a Secret may
    /// exist that has the credentials.
    pub async fn pull_secrets(
        &self,
        namespace: &str,
        identity: &PullIdentity,
        mode: PullSecrets,
        deadline: Deadline,
    ) -> Result<PullCredentials, ClusterError> {
        let mut credentials = PullCredentials::default();
        let Some(account) = identity.service_account.as_deref().filter(|_| mode != PullSecrets::None) else {
            return Ok(credentials);
        };
        let mut names: Vec<&str> = Vec::new();
        collect(namespace, identity.secrets.iter().map(String::as_str), &mut names, &mut credentials);
        // All are fetched at the same time, and then waited for in their order.
        for name in &names {
            self.begin(&Object::secret(namespace, name));
        }
        let account_secrets = match mode {
            PullSecrets::PodAndServiceAccount => {
                self.account_secrets(namespace, account, deadline, &mut credentials).await?
            }
            PullSecrets::Pod | PullSecrets::None => Arc::default(),
        };
        let own = names.len();
        collect(namespace, account_secrets.iter().map(String::as_str), &mut names, &mut credentials);
        for name in &names[own..] {
            self.begin(&Object::secret(namespace, name));
        }
        for name in names {
            match self.find(Object::secret(namespace, name), deadline).await? {
                Found::Secret(secret) => credentials.secrets.push(secret),
                Found::Unusable(unusable) => credentials.unusable.push((*unusable).clone()),
                Found::ServiceAccount(_) => {}
            }
        }
        Ok(credentials)
    }

    /// A Secret with credentials for registries, by its name.
    ///
    /// # Errors
    /// Returns [`ClusterError::Unusable`] if the Secret is missing or has no such credentials, another [`ClusterError`]
    /// if the API server does not answer.
    pub async fn secret(&self, namespace: &str, name: &str, deadline: Deadline) -> Result<PullSecret, ClusterError> {
        let object = Object::secret(namespace, name);
        match self.find(object.clone(), deadline).await? {
            Found::Secret(secret) => Ok(secret),
            Found::Unusable(unusable) => Err(ClusterError::Unusable((*unusable).clone())),
            Found::ServiceAccount(_) => Err(ClusterError::Unusable(Unusable { object, why: WhyUnusable::NotFound })),
        }
    }

    /// The names of the pull secrets of a service account.
    async fn account_secrets(
        &self,
        namespace: &str,
        account: &str,
        deadline: Deadline,
        credentials: &mut PullCredentials,
    ) -> Result<Arc<[String]>, ClusterError> {
        let account = if account.is_empty() { "default" } else { account };
        match self.find(Object::service_account(namespace, account), deadline).await? {
            Found::ServiceAccount(names) => return Ok(names),
            Found::Unusable(unusable) => credentials.unusable.push((*unusable).clone()),
            Found::Secret(_) => {}
        }
        Ok(Arc::default())
    }

    /// What is remembered about an object.
    fn remembered(&self, key: &Key) -> Option<Found> {
        self.0.objects.get(key, Instant::now()).map(|entry| entry.value.clone())
    }

    /// Begins to fetch an object that is not remembered.
    fn begin(&self, object: &Object) {
        let key = key(object);
        if is_valid(object) && self.remembered(&key).is_none() {
            self.0.flights.start(key, || Self::fetch(self.clone(), key, object.clone()));
        }
    }

    /// Finds out about an object.
    async fn find(&self, object: Object, deadline: Deadline) -> Result<Found, ClusterError> {
        if !is_valid(&object) {
            return Ok(Found::Unusable(Arc::new(Unusable { object, why: WhyUnusable::InvalidName })));
        }
        let key = key(&object);
        if let Some(found) = self.remembered(&key) {
            self.count(CacheResult::Hit);
            return Ok(found);
        }
        let work = self.0.flights.join(key, || Self::fetch(self.clone(), key, object.clone()));
        let Some((result, is_shared)) = deadline.run(work).await else {
            return Err(ClusterError::Deadline { object, within: deadline.budget() });
        };
        self.count(if is_shared { CacheResult::Shared } else { CacheResult::Miss });
        result.unwrap_or_else(|| {
            Err(ClusterError::Unreachable { object, why: "the request ended without a result".to_owned() })
        })
    }

    async fn fetch(self, key: Key, object: Object) -> Result<Found, ClusterError> {
        // It may have been fetched just before.
        if let Some(found) = self.remembered(&key) {
            return Ok(found);
        }
        let found = self.ask(object).await?;
        let time = if matches!(found, Found::Unusable(_)) { KEPT_MISSING } else { KEPT };
        self.0.objects.insert(key, found.clone(), Instant::now(), time);
        Ok(found)
    }

    async fn ask(&self, object: Object) -> Result<Found, ClusterError> {
        let resource = if object.kind == ObjectKind::Secret { "secrets" } else { "serviceaccounts" };
        // The names are valid: they need no escapes.
        let path = format!("/api/v1/namespaces/{}/{resource}/{}", object.namespace, object.name);
        let why = match self.0.api.get(&object, &path, "application/json", MAX_ANSWER).await? {
            Answer::Found(answer) if object.kind == ObjectKind::Secret => match read_secret(&object, &answer)? {
                Ok(secret) => return Ok(Found::Secret(secret)),
                Err(why) => why,
            },
            Answer::Found(answer) => {
                let names = read_service_account(&object, &answer, MAX_SECRETS + 1)?;
                return Ok(Found::ServiceAccount(names.into()));
            }
            Answer::NotFound => WhyUnusable::NotFound,
            Answer::Forbidden(message) => WhyUnusable::Forbidden(message),
            Answer::TooLarge => WhyUnusable::TooLarge(MAX_ANSWER),
        };
        Ok(Found::Unusable(Arc::new(Unusable { object, why })))
    }

    fn count(&self, result: CacheResult) {
        if let Some(metrics) = self.0.api.metrics() {
            metrics.cache(CacheName::PullSecret, result);
        }
    }
}

/// Adds names that are not there yet, within the limit.
fn collect<'a>(
    namespace: &str,
    more: impl Iterator<Item = &'a str>,
    names: &mut Vec<&'a str>,
    credentials: &mut PullCredentials,
) {
    // The API server permits entries without a name, and ignores them.
    for name in more.filter(|name| !name.is_empty()) {
        if names.contains(&name) {
            continue;
        }
        if names.len() == MAX_SECRETS {
            let object = Object::secret(namespace, name);
            credentials.unusable.push(Unusable { object, why: WhyUnusable::TooMany(MAX_SECRETS) });
            return;
        }
        names.push(name);
    }
}

fn key(object: &Object) -> Key {
    let kind = if object.kind == ObjectKind::Secret { "secret" } else { "service account" };
    Key::of(kind).with(&object.namespace).with(&object.name).key()
}

#[cfg(test)]
pub(crate) mod tests;
