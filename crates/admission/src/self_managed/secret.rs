//! The Secret with the certificate and its authorities.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use limits::Deadline;
use serde_json::{Map, Value, json};

use super::state::{State, Unusable};
use crate::cluster::{Cluster, ClusterError, Resource, Written};

/// The label that says whose an object is.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const MANAGER: &str = "notation-aws-signer";
/// The longest entry in base64 that is read.
const MAX_ENTRY: usize = 64 * 1024;

/// A Secret in the cluster.
#[derive(Debug, Clone)]
pub(super) struct SecretPlace {
    pub(super) cluster: Cluster,
    pub(super) namespace: String,
    pub(super) name: String,
}

/// What was found at the place.
pub(super) struct Found {
    /// The Secret as it is, for a change that must not overwrite another.
    pub(super) object: Value,
    /// Its version.
    pub(super) version: String,
    /// Its content.
    pub(super) state: Result<State, Unusable>,
    /// Whether it has all entries of the state, and no others.
    pub(super) is_exact: bool,
    /// Whether it is something else than a Secret of this service, and not empty.
    pub(super) is_foreign: bool,
}

/// Without the object, which has the keys.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, state, .. } = self;
        f.debug_struct("Found").field("version", version).field("state", state).finish_non_exhaustive()
    }
}

impl SecretPlace {
    pub(super) async fn read(&self, deadline: Deadline) -> Result<Option<Found>, ClusterError> {
        let object = self.cluster.object(Resource::SECRET, &self.namespace, &self.name, deadline).await?;
        Ok(object.map(|object| {
            let data = object["data"].as_object();
            let entry = |name: &'static str| {
                let text = data?.get(name)?.as_str().filter(|text| text.len() <= MAX_ENTRY)?;
                String::from_utf8(STANDARD.decode(text).ok()?).ok()
            };
            let state = State::read(entry);
            let entries = state.as_ref().map(State::entries).unwrap_or_default();
            let is_exact = data.is_some_and(|data| data.len() == entries.len())
                && entries.iter().all(|(name, text)| entry(name).as_ref() == Some(text));
            let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
            let is_foreign = state.is_err()
                && object["metadata"]["labels"][MANAGED_BY] != MANAGER
                && data.is_some_and(|data| {
                    data.values().any(|text| text.as_str().is_none_or(|text| !text.is_empty()))
                        && !data.keys().any(|name| State::is_own_entry(name))
                });
            Found { object, version, state, is_exact, is_foreign }
        }))
    }

    /// Creates the Secret, or changes the one that was found. The entries are only those of the state.
    pub(super) async fn write(
        &self,
        found: Option<Value>,
        state: &State,
        deadline: Deadline,
    ) -> Result<Written, ClusterError> {
        let entries = state.entries().into_iter();
        let data: Map<String, Value> =
            entries.map(|(name, text)| (name.to_owned(), STANDARD.encode(text).into())).collect();
        let Some(mut object) = found else {
            let object = json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "namespace": self.namespace,
                    "name": self.name,
                    "labels": { MANAGED_BY: MANAGER },
                },
                "type": "kubernetes.io/tls",
                "data": data,
            });
            return self.cluster.create_object(Resource::SECRET, &self.namespace, &self.name, &object, deadline).await;
        };
        if object["immutable"] == true {
            return Err(ClusterError::Immutable { namespace: self.namespace.clone(), name: self.name.clone() });
        }
        object["data"] = Value::Object(data);
        self.cluster.replace_object(Resource::SECRET, &self.namespace, &self.name, &object, deadline).await
    }
}
