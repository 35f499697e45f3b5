//! The Lease that says which replica writes: coordination.k8s.io/v1. A holder that renews it no more loses it after its
//! time. That time is measured by the replica that waits, from when it saw the last renewal: clocks of machines differ.

use std::time::Duration;

use limits::Deadline;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::time::Instant;

use crate::cache::Clock;
use crate::cluster::{Cluster, ClusterError, Resource, Written};

/// How long a holder keeps the Lease without renewing it.
const DURATION: Duration = Duration::from_secs(15);
/// How often the holder renews it.
const RENEW: Duration = Duration::from_secs(5);
/// A longer time that another holder claims does not count.
const LONGEST: u64 = 60;

/// A replica's view of the Lease.
#[derive(Debug)]
pub(super) struct Lease {
    cluster: Cluster,
    namespace: String,
    name: String,
    identity: String,
    clock: Clock,
    /// When this replica renewed it last.
    renewed: Option<Instant>,
    /// The version of another holder's Lease, and since when it is the same.
    seen: Option<(String, Instant)>,
}

impl Lease {
    pub(super) fn new(cluster: Cluster, namespace: &str, name: &str, identity: String, clock: Clock) -> Self {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Self { cluster, namespace, name, identity, clock, renewed: None, seen: None }
    }

    /// Takes or renews the Lease if that is possible. Returns whether this replica holds it now.
    pub(super) async fn hold(&mut self, deadline: Deadline) -> Result<bool, ClusterError> {
        if self.renewed.is_some_and(|renewed| renewed.elapsed() < RENEW) {
            return Ok(true);
        }
        let result = self.ask(deadline).await;
        if !matches!(result, Ok(true)) {
            // Without an answer, another replica may hold it when its time is over.
            self.renewed = None;
        }
        result
    }

    async fn ask(&mut self, deadline: Deadline) -> Result<bool, ClusterError> {
        let Self { cluster, namespace, name, .. } = &*self;
        let Some(mut lease) = cluster.object(Resource::LEASE, namespace, name, deadline).await? else {
            let metadata = json!({ "namespace": namespace, "name": name });
            let mut lease = json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata });
            self.claim(&mut lease);
            let written = cluster.create_object(Resource::LEASE, namespace, name, &lease, deadline).await?;
            return Ok(self.is_held(&written));
        };
        let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
        if holder != self.identity && !holder.is_empty() && !self.is_abandoned(&lease) {
            return Ok(false);
        }
        self.claim(&mut lease);
        let Self { cluster, namespace, name, .. } = &*self;
        let written = cluster.replace_object(Resource::LEASE, namespace, name, &lease, deadline).await?;
        Ok(self.is_held(&written))
    }

    /// Whether another holder has not renewed it for its time.
    fn is_abandoned(&mut self, lease: &Value) -> bool {
        let version = lease["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        match &self.seen {
            Some((seen, since)) if seen == version => {
                let seconds = lease["spec"]["leaseDurationSeconds"].as_u64().unwrap_or(DURATION.as_secs());
                since.elapsed() >= Duration::from_secs(seconds.min(LONGEST))
            }
            _ => {
                self.seen = Some((version.to_owned(), Instant::now()));
                false
            }
        }
    }

    /// Makes this replica the holder in the object.
    fn claim(&self, lease: &mut Value) {
        if !lease["spec"].is_object() {
            lease["spec"] = json!({});
        }
        let spec = &mut lease["spec"];
        let now = micro_time(self.clock.utc());
        if spec["holderIdentity"] != self.identity.as_str() {
            let transitions = spec["leaseTransitions"].as_u64().unwrap_or_default();
            spec["leaseTransitions"] = (transitions + u64::from(spec["acquireTime"].is_string())).into();
            spec["holderIdentity"] = self.identity.clone().into();
            spec["acquireTime"] = now.clone().into();
        }
        spec["renewTime"] = now.into();
        spec["leaseDurationSeconds"] = DURATION.as_secs().into();
    }

    fn is_held(&mut self, written: &Written) -> bool {
        let is_held = matches!(written, Written::Done(_));
        if is_held {
            (self.renewed, self.seen) = (Some(Instant::now()), None);
        }
        is_held
    }

    /// Gives the Lease up, so that another replica need not wait for the end of its time.
    pub(super) async fn release(&mut self, deadline: Deadline) -> Result<(), ClusterError> {
        if self.renewed.take().is_none() {
            return Ok(());
        }
        let (namespace, name) = (&*self.namespace, &*self.name);
        let Some(mut lease) = self.cluster.object(Resource::LEASE, namespace, name, deadline).await? else {
            return Ok(());
        };
        if lease["spec"]["holderIdentity"] != self.identity.as_str() {
            return Ok(());
        }
        lease["spec"]["holderIdentity"] = "".into();
        self.cluster.replace_object(Resource::LEASE, namespace, name, &lease, deadline).await.map(|_| ())
    }
}

/// A `MicroTime` of Kubernetes.
fn micro_time(time: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
    // The format has no parts that a time in UTC lacks.
    time.to_offset(time::UtcOffset::UTC).format(&form).unwrap_or_default()
}
