//! When the service can be called, and whether the API server reaches it.

use std::time::Duration;

use limits::Deadline;
use notary::text::printable;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::apply::may_pass;
use crate::cluster::{Cluster, ClusterError, Resource};
use crate::self_managed::bundle_of;

/// The time for one question.
pub(super) const TIME: Duration = Duration::from_secs(10);
/// The pause between two looks.
pub(super) const PAUSE: Duration = Duration::from_millis(500);
/// How long API servers may take to know a new permission.
const SETTLED: Duration = Duration::from_secs(5);
/// How long API servers may take to call a webhook that is new.
const NOTICED: Duration = Duration::from_secs(15);
/// How long a Pod must be admitted until it counts as admitted by the webhooks.
const ADMITTED: Duration = Duration::from_secs(3);

/// The service that is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its Deployment.
    pub deployment: &'a str,
    /// The Secret with its certificate.
    pub secret: &'a str,
}

/// Why the service cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// Kubernetes cannot be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// It is not ready in time.
    #[error("after {} s, {last}", within.as_secs())]
    Late {
        /// The time.
        within: Duration,
        /// What was awaited last.
        last: String,
    },
}

impl Target<'_> {
    /// Waits until all replicas are ready (`/readyz`) and the certificate is there. Returns the authorities to trust.
    ///
    /// # Errors
    /// Returns [`NotReady`] if that is not so within this time, or may not be read.
    pub async fn ready(&self, cluster: &Cluster, within: Duration) -> Result<String, NotReady> {
        let end = Deadline::new(within);
        let mut last = String::new();
        // A permission that was given just before may count a little later.
        let settled = Deadline::new(SETTLED);
        while !end.remaining().is_zero() {
            match self.look(cluster).await {
                Ok(Ok(bundle)) => return Ok(bundle),
                Ok(Err(awaited)) => last = awaited,
                Err(why) if may_pass(&why) => last = why.to_string(),
                Err(why @ ClusterError::Forbidden { .. }) if !settled.remaining().is_zero() => last = why.to_string(),
                Err(why) => return Err(why.into()),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(NotReady::Late { within, last })
    }

    /// What is awaited, or the authorities.
    async fn look(&self, cluster: &Cluster) -> Result<Result<String, String>, ClusterError> {
        let Self { namespace, deployment, secret } = *self;
        let found = cluster.object(Resource::DEPLOYMENT, namespace, deployment, Deadline::new(TIME)).await?;
        let Some(found) = found else {
            return Ok(Err("the Deployment does not exist".to_owned()));
        };
        let number = |pointer: &str| found.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
        let wanted = found.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
        let is_seen = number("/status/observedGeneration") >= number("/metadata/generation");
        let ready = number("/status/updatedReplicas").min(number("/status/readyReplicas"));
        if !is_seen || ready < wanted || wanted == 0 {
            let ready = if is_seen { ready } else { 0 };
            let trouble = trouble(&found).map(|why| format!(": {why}")).unwrap_or_default();
            return Ok(Err(format!("{ready} of {wanted} replicas are ready{trouble}")));
        }
        let now = OffsetDateTime::now_utc();
        let bundle = bundle_of(cluster, namespace, secret, now, Deadline::new(TIME)).await?;
        Ok(bundle.ok_or_else(|| format!("the Secret {namespace}/{secret} has no certificate that is valid now")))
    }
}

/// Why a Deployment makes no progress, in Kubernetes's words.
fn trouble(deployment: &Value) -> Option<String> {
    let conditions = deployment.pointer("/status/conditions")?.as_array()?;
    let failed = conditions.iter().find(|condition| {
        (condition["type"] == "ReplicaFailure" && condition["status"] == "True")
            || (condition["type"] == "Progressing" && condition["status"] == "False")
    })?;
    Some(printable(failed["message"].as_str()?).chars().take(300).collect())
}

/// What became of a Pod that was created for show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// One of the webhooks judged it.
    Judged,
    /// It was admitted: the API server does not call the webhooks yet, or a rule admits its image.
    Admitted,
    /// One of the webhooks could not be called, in the API server's words.
    Failed(String),
    /// Something else refused it, in the API server's words: whether the webhooks are called is not known.
    Other(String),
}

/// Whether the API server reaches the service by these webhook configurations.
///
/// # Errors
/// Returns [`ClusterError`] if that cannot be tried.
pub async fn is_reached(cluster: &Cluster, namespace: &str, webhooks: &[Value]) -> Result<Reached, ClusterError> {
    tried(cluster, namespace, webhooks, (Deadline::new(NOTICED), Deadline::new(ADMITTED))).await
}

async fn tried(
    cluster: &Cluster,
    namespace: &str,
    webhooks: &[Value],
    (end, admitted): (Deadline, Deadline),
) -> Result<Reached, ClusterError> {
    // No registry is asked for a name with capital letters.
    let container = json!({ "name": "probe", "image": "notation-aws-signer.invalid/Probe:1" });
    let name = "notation-aws-signer-probe";
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "namespace": namespace, "name": name },
        "spec": { "containers": [container] },
    });
    let names = webhooks.iter().flat_map(|webhooks| webhooks["webhooks"].as_array().into_iter().flatten());
    let names: Vec<String> = names.filter_map(|webhook| Some(format!("\"{}\"", webhook["name"].as_str()?))).collect();
    loop {
        let last = match cluster.try_create(Resource::POD, namespace, name, &pod, Deadline::new(TIME)).await {
            Ok(()) if admitted.remaining().is_zero() => return Ok(Reached::Admitted),
            Ok(()) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            // The permission is checked before the webhooks are called.
            Err(why @ ClusterError::Forbidden { .. }) if why.to_string().contains("cannot create resource") => {
                return Err(why);
            }
            // The API server names the webhook that refused it, or could not be called.
            Err(ClusterError::Forbidden { message, .. } | ClusterError::Status { message, .. }) => {
                let is_ours = names.iter().any(|name| message.contains(name.as_str()));
                if is_ours && message.contains("denied the request") {
                    return Ok(Reached::Judged);
                }
                match is_ours && message.contains("failed calling webhook") {
                    true => Reached::Failed(message),
                    false => Reached::Other(message),
                }
            }
            Err(why) => return Err(why),
        };
        // A new cluster may lack its service account, or call the webhooks a little later.
        if end.remaining().is_zero() {
            return Ok(last);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::cluster::tests::server::{ApiServer, Reply};

    /// The caller names the Deployment.
    #[tokio::test]
    async fn what_is_awaited_is_said_without_the_name_of_the_deployment() {
        let target = Target { namespace: "team", deployment: "admission", secret: "s" };
        let deployment = r#"{"metadata":{"resourceVersion":"1"},"spec":{"replicas":3}}"#;
        for (status, expected) in [(200, "0 of 3 replicas are ready"), (404, "the Deployment does not exist")] {
            let server = ApiServer::start(move |_| Reply::Body(status, deployment.to_owned())).await;
            let cluster = Cluster::with_client(server.client.clone(), None);
            assert_eq!(target.look(&cluster).await.unwrap().unwrap_err(), expected);
        }
    }

    #[tokio::test]
    async fn only_an_answer_of_its_webhooks_shows_that_they_are_called() {
        let webhooks = [json!({ "webhooks": [{ "name": "verify.admission.notation-system.svc" }] })];
        let says = |name: &str, what: &str| format!("admission webhook \\\"{name}\\\" {what}");
        let own = "verify.admission.notation-system.svc";
        for (status, message, expected) in [
            (403, says(own, "denied the request: no signature"), "Judged"),
            (400, says(own, "denied the request: malformed"), "Judged"),
            (403, says("policy.example", "denied the request: no"), "Other"),
            (403, "serviceaccount \\\"default\\\" not found".to_owned(), "Other"),
            (403, "violates PodSecurity \\\"restricted:latest\\\"".to_owned(), "Other"),
            (503, "the server is currently unable to handle the request".to_owned(), "Other"),
            (500, format!("failed calling webhook \\\"{own}\\\": connection refused"), "Failed"),
            (500, "failed calling webhook \\\"policy.example\\\": connection refused".to_owned(), "Other"),
            (201, String::new(), "Admitted"),
        ] {
            let body = format!("{{\"kind\":\"Status\",\"message\":\"{message}\"}}");
            let server = ApiServer::start(move |_| Reply::Body(status, body.clone())).await;
            let cluster = Cluster::with_client(server.client.clone(), None);
            let now = || Deadline::new(Duration::ZERO);
            let reached = tried(&cluster, "default", &webhooks, (now(), now())).await.unwrap();
            assert!(format!("{reached:?}").starts_with(expected), "{message}: {reached:?}");
        }
    }
}
