//! What replicas share, with a real redis-server.

mod access;
mod answers;
mod attacks;
mod bucket;
mod images;
mod outages;

use std::sync::Arc;
use std::time::Duration;

use admission::config::RevocationSettings;
use admission::decision::{Revocations, Shared};
use admission::metrics::Metrics;
use admission::shared_cache::SharedCache;
use aws_signer::{ClientPool, SignerConfig};
use notation::revocation::{BoxFuture, RevocationQuestion, RevocationSource, RevocationStatus};
use testbed::redis_server::RedisServer;

use crate::quota::{TIME, memory};
use crate::redis_clients::connected;
use crate::source::Source;

/// A source that takes its time.
#[derive(Debug)]
pub struct Slow(pub Arc<Source>, pub Duration);

impl RevocationSource for Slow {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(async move {
            let answer = self.0.status(question).await;
            tokio::time::sleep(self.1).await;
            answer
        })
    }
}

/// A replica that asks about revocations.
pub struct Asker {
    pub revocations: Revocations,
    pub metrics: Metrics,
    pub shared: Arc<SharedCache>,
}

pub fn settings(ttl: Duration) -> RevocationSettings {
    let number = |number: u32| number.try_into().unwrap();
    RevocationSettings { rate: number(10_000), replicas: number(3), ttl, ..RevocationSettings::default() }
}

/// A replica that asks this source.
pub async fn asker(server: &RedisServer, source: &Arc<Source>, settings: &RevocationSettings, time: Duration) -> Asker {
    let metrics = Metrics::new("0", &[]);
    let shared = connected(server, &metrics).await;
    let source = Slow(Arc::clone(source), time);
    let clients = ClientPool::new(SignerConfig::default());
    let revocations = Revocations::new(source, clients, memory(), settings, TIME, metrics.clone());
    let sharing: Arc<dyn Shared> = Arc::<SharedCache>::clone(&shared);
    Asker { revocations: revocations.sharing(Some(sharing)), metrics, shared }
}

pub async fn askers(server: &RedisServer, source: &Arc<Source>, ttl: Duration) -> Vec<Asker> {
    let mut askers = Vec::new();
    for _ in 0..3 {
        askers.push(asker(server, source, &settings(ttl), Duration::from_millis(30)).await);
    }
    askers
}

/// The value of a metric, whose name has no prefix.
pub fn value(metrics: &Metrics, name: &str) -> u64 {
    let text = metrics.encode();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("notation_admission_{name} ")));
    let value: f64 = line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap();
    value as u64
}

pub fn rejected(metrics: &Metrics, reason: &str) -> u64 {
    value(metrics, &format!("redis_rejected_total{{reason=\"{reason}\"}}"))
}

pub fn found(metrics: &Metrics, result: &str) -> u64 {
    value(metrics, &format!("cache_requests_total{{cache=\"redis\",result=\"{result}\"}}"))
}
