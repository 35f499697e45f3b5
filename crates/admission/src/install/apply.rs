//! Objects of the cluster as they are, and as they should be: by server-side apply.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use limits::Deadline;
use serde_json::Value;

use super::ready::{PAUSE, TIME};
use crate::cluster::{Cluster, ClusterError, Resource};

/// How long an object is tried to be applied.
const ANSWERED: Duration = Duration::from_secs(20);

/// The image of a Deployment's first container, if the Deployment exists.
///
/// # Errors
/// Returns [`ClusterError`] if the API server does not answer, or refuses it.
pub async fn image_of(cluster: &Cluster, namespace: &str, deployment: &str) -> Result<Option<String>, ClusterError> {
    let found = cluster.object(Resource::DEPLOYMENT, namespace, deployment, Deadline::new(TIME)).await?;
    let image = found.as_ref().and_then(|found| found.pointer("/spec/template/spec/containers/0/image")?.as_str());
    Ok(image.map(str::to_owned))
}

/// Whether an object of this kind and name exists.
///
/// # Errors
/// Returns [`ClusterError`] if the API server does not answer, or refuses it.
pub async fn exists(cluster: &Cluster, object: &Value) -> Result<bool, ClusterError> {
    Ok(present(cluster, object).await?.is_some())
}

/// The object of this kind and name, as it is; `None` also for kinds that this program does not write.
async fn present(cluster: &Cluster, object: &Value) -> Result<Option<Value>, ClusterError> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    match Resource::of(text("/apiVersion"), text("/kind")) {
        Some(resource) => cluster.object(resource, namespace, name, Deadline::new(TIME)).await,
        None => Ok(None),
    }
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is new.
    Created,
    /// It was another one.
    Changed,
    /// It was so already.
    Unchanged,
}

/// Whether a later try may succeed: a cluster that is being set up may not answer for a while.
pub(super) fn may_pass(why: &ClusterError) -> bool {
    matches!(
        why,
        ClusterError::Unreachable { .. }
            | ClusterError::Deadline { .. }
            | ClusterError::Status { status: 429 | 500.., .. }
    )
}

/// Applies an object, again if the API server does not answer at first.
///
/// # Errors
/// Returns [`ClusterError`] if the API server does not answer, or refuses it.
pub async fn apply(cluster: &Cluster, object: &Value) -> Result<Applied, ClusterError> {
    let end = Deadline::new(ANSWERED);
    loop {
        match apply_once(cluster, object).await {
            Err(why) if may_pass(&why) && !end.remaining().is_zero() => tokio::time::sleep(PAUSE).await,
            result => return result,
        }
    }
}

async fn apply_once(cluster: &Cluster, object: &Value) -> Result<Applied, ClusterError> {
    let before = present(cluster, object).await?;
    let after = cluster.apply(object, Deadline::new(TIME)).await?;
    Ok(match before.map(content) {
        None => Applied::Created,
        Some(before) if before == content(after) => Applied::Unchanged,
        Some(_) => Applied::Changed,
    })
}

/// An object without what the API server notes about its changes.
fn content(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for member in ["managedFields", "resourceVersion"] {
            metadata.remove(member);
        }
    }
    object
}

/// A webhook configuration whose webhooks trust these authorities.
#[must_use]
pub fn with_bundle(webhooks: &Value, bundle: &str) -> Value {
    let mut webhooks = webhooks.clone();
    for webhook in webhooks["webhooks"].as_array_mut().into_iter().flatten() {
        webhook["clientConfig"]["caBundle"] = STANDARD.encode(bundle).into();
    }
    webhooks
}
