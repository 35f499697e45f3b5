//! The `caBundle` of the webhook configurations. Nothing else of them is changed, and one that is missing is waited
//! for.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use limits::Deadline;
use serde_json::{Value, json};
use url::Url;

use crate::cluster::{Cluster, ClusterError, Resource, Written};

/// The webhook configurations of this service.
#[derive(Debug, Clone)]
pub(super) struct Webhooks {
    pub(super) cluster: Cluster,
    /// Their names; each may be validating, mutating, or both.
    pub(super) names: Vec<String>,
    /// The namespace and the name of the Service.
    pub(super) service: (String, String),
    /// The names of the certificate.
    pub(super) hosts: BTreeSet<String>,
}

/// How the webhook configurations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// All that exist have the bundle.
    Current {
        /// How many were changed for that now.
        changed: usize,
        /// How many names have no webhook configuration.
        absent: usize,
    },
    /// Another client changed one at the same time.
    Changing,
}

impl Webhooks {
    /// Puts the bundle into the webhooks of this service that have another one.
    pub(super) async fn ensure(&self, bundle: &str, deadline: Deadline) -> Result<Trust, ClusterError> {
        let bundle = STANDARD.encode(bundle);
        let (mut changed, mut absent) = (0, 0);
        for name in &self.names {
            let mut is_absent = true;
            for resource in [Resource::VALIDATING_WEBHOOK, Resource::MUTATING_WEBHOOK] {
                let Some(found) = self.cluster.object(resource, "", name, deadline).await? else { continue };
                is_absent = false;
                let Some(patch) = self.patch(&found, &bundle) else { continue };
                match self.cluster.patch_object(resource, name, &patch, deadline).await? {
                    Written::Done(_) => changed += 1,
                    Written::Conflict => return Ok(Trust::Changing),
                }
            }
            absent += usize::from(is_absent);
        }
        Ok(Trust::Current { changed, absent })
    }

    /// The strategic merge patch, in which webhooks are found by their names; `None` if all have the bundle.
    fn patch(&self, found: &Value, bundle: &str) -> Option<Value> {
        let webhooks = found["webhooks"].as_array()?.iter();
        let stale = webhooks
            .filter(|webhook| self.is_own(&webhook["clientConfig"]) && webhook["clientConfig"]["caBundle"] != bundle);
        let stale: Vec<Value> =
            stale.map(|webhook| json!({ "name": webhook["name"], "clientConfig": { "caBundle": bundle } })).collect();
        // With the version, a change that another client made meanwhile is not answered by half of an old one.
        let metadata = json!({ "resourceVersion": found["metadata"]["resourceVersion"] });
        (!stale.is_empty()).then(|| json!({ "metadata": metadata, "webhooks": stale }))
    }

    /// Whether a webhook is for this service: by its Service, or by a URL with a name of the certificate.
    fn is_own(&self, client: &Value) -> bool {
        let (namespace, name) = &self.service;
        let service = &client["service"];
        match client["url"].as_str().map(Url::parse) {
            Some(Ok(url)) => url.host_str().is_some_and(|host| self.hosts.contains(host.trim_matches(['[', ']']))),
            Some(Err(_)) => false,
            None => service["namespace"] == namespace.as_str() && service["name"] == name.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::tests::server::{ApiServer, Reply};

    async fn webhooks() -> Webhooks {
        let server = ApiServer::start(|_| Reply::Close).await;
        let cluster = Cluster::with_client(server.client.clone(), None);
        let hosts = ["127.0.0.1", "::1", "a.example"].map(str::to_owned).into();
        Webhooks { cluster, names: vec!["w".to_owned()], service: ("n".to_owned(), "s".to_owned()), hosts }
    }

    #[tokio::test]
    async fn only_the_bundle_of_this_service_is_in_the_patch() {
        let own = json!({ "service": { "namespace": "n", "name": "s", "path": "/validate" }, "caBundle": "b2xk" });
        let other = json!({ "service": { "namespace": "other", "name": "s" }, "caBundle": "b3RoZXI=" });
        let object = json!({
            "metadata": { "resourceVersion": "7" },
            "webhooks": [
                { "name": "a", "clientConfig": own, "failurePolicy": "Fail" },
                { "name": "b", "clientConfig": other },
                { "name": "c", "clientConfig": { "url": "https://127.0.0.1:1/validate" } },
                { "name": "d", "clientConfig": { "url": "https://A.example/validate" } },
                { "name": "e", "clientConfig": { "url": "https://[::1]:1/validate" } },
                // The certificate would not be accepted there.
                { "name": "f", "clientConfig": { "url": "https://other.example/a.example" } },
                { "name": "g", "clientConfig": { "url": "https://a.example@other.example/", "caBundle": "b3RoZXI=" } },
                { "name": "h", "clientConfig": { "url": "a.example" } },
            ],
        });
        let patch = webhooks().await.patch(&object, "bmV3").unwrap_or_default();
        assert_eq!(
            patch,
            json!({
                "metadata": { "resourceVersion": "7" },
                "webhooks": [
                    { "name": "a", "clientConfig": { "caBundle": "bmV3" } },
                    { "name": "c", "clientConfig": { "caBundle": "bmV3" } },
                    { "name": "d", "clientConfig": { "caBundle": "bmV3" } },
                    { "name": "e", "clientConfig": { "caBundle": "bmV3" } },
                ],
            })
        );
        assert_eq!(webhooks().await.patch(&json!({ "webhooks": [] }), "bmV3"), None);
        assert_eq!(webhooks().await.patch(&json!({}), "bmV3"), None);
    }
}
