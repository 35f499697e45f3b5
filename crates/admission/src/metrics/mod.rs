//! Metrics for Prometheus, in its text format 0.0.4: prometheus.io/docs/instrumenting/exposition_formats.
//!
//! Label values come from closed sets and from the names of the configuration's rules: images and users would make more
//! series than a server can keep. Namespaces are labels of the scan alone, and at most 1,000. Counting takes neither
//! locks nor allocations.
//!
//! | File | Metrics |
//! |---|---|
//! | `requests` | requests, their duration, those in flight, those turned away |
//! | `images` | images by outcome, reason and rule |
//! | `stages` | the duration of the steps of a verification |
//! | `caches` | questions to the caches, their entries and bytes |
//! | `redis` | the cache that replicas share |
//! | `upstream` | requests to registries, AWS and Kubernetes; the quota |
//! | `operation` | reloads, the certificate, the version |
//! | `scan` | images that run, by the service's own scan |
//! | `errors` | requests to other services that failed lately, for the status page |
//! | `traces` | spans that were sent, and those that were lost |
//! | `process` | the process: CPU, memory, files |

mod caches;
mod errors;
mod images;
mod operation;
mod process;
mod redis;
mod requests;
mod scan;
mod series;
mod stages;
mod traces;
mod upstream;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text};
use prometheus_client::registry::Registry;

use self::caches::Caches;
pub use self::caches::{CacheFigures, CacheName, CacheResult, CacheSize};
pub use self::errors::UpstreamErrors;
use self::images::Images;
use self::operation::Operations;
use self::redis::Redis;
pub use self::redis::RedisFailure;
pub use self::requests::RequestFigures;
use self::requests::Requests;
pub use self::scan::RunningImages;
use self::scan::Scans;
use self::stages::Stages;
pub use self::stages::{Stage, StageTimer};
pub use self::traces::SpanResult;
use self::traces::Traces;
use self::upstream::Upstreams;
pub use self::upstream::{Operation, ResponseCode, Upstream};
use crate::config::Adapter;
use crate::decision::{Decided, Verdict};
use crate::shared_cache::Rejection;
use crate::trace;

/// The media type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics of the service. Clones count into the same ones.
#[derive(Debug, Clone)]
pub struct Metrics {
    groups: Arc<Groups>,
    registry: Arc<Registry>,
}

#[derive(Debug)]
struct Groups {
    requests: Requests,
    images: Images,
    stages: Stages,
    caches: Caches,
    redis: Redis,
    upstreams: Upstreams,
    operations: Operations,
    scans: Scans,
    traces: Traces,
}

/// A request is in flight as long as this exists.
#[derive(Debug)]
pub struct InFlight(Arc<Groups>);

impl Metrics {
    /// Metrics that begin at zero. `rules` are the names of the configuration's rules.
    #[must_use]
    pub fn new(version: &str, rules: &[&str]) -> Self {
        let groups = Arc::new(Groups {
            requests: Requests::new(),
            images: Images::new(),
            stages: Stages::new(),
            caches: Caches::new(),
            redis: Redis::default(),
            upstreams: Upstreams::new(),
            operations: Operations::new(version),
            scans: Scans::default(),
            traces: Traces::default(),
        });
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(&groups)));
        let metrics = Self { groups, registry: Arc::new(registry) };
        metrics.rules(rules);
        metrics
    }

    /// Reserves series for the rules of a configuration. Those of former configurations stay, as Prometheus expects; a
    /// rule after the first 1,000 of the process is counted as `other`.
    pub fn rules(&self, rules: &[&str]) {
        self.groups.images.reserve(rules);
    }

    /// Counts a request that was decided, and its images.
    pub fn decided(&self, adapter: Adapter, verdict: Verdict, took: Duration, images: &[Decided]) {
        self.groups.requests.decided(adapter, verdict, took);
        self.groups.images.decided(images);
        let stale = images.iter().filter(|image| image.is_stale).count();
        self.groups.requests.stale(stale as u64);
    }

    /// Counts a request that was not understood and therefore not decided: HTTP 4xx.
    pub fn malformed(&self, adapter: Adapter, took: Duration) {
        self.groups.requests.malformed(adapter, took);
    }

    /// Counts a request as in flight until the returned value is dropped.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        self.groups.requests.in_flight.add(1);
        InFlight(Arc::clone(&self.groups))
    }

    /// Counts so many requests more, or less, as in flight.
    pub fn in_flight_changed(&self, change: i64) {
        let in_flight = &self.groups.requests.in_flight;
        if change < 0 { in_flight.subtract(change.unsigned_abs()) } else { in_flight.add(change.unsigned_abs()) }
    }

    /// Counts a request that was turned away because of overload.
    pub fn shed(&self) {
        self.groups.requests.shed.add(1);
    }

    /// Records how long a step of a verification took.
    pub fn stage(&self, stage: Stage, took: Duration) {
        self.groups.stages.took(stage, took);
    }

    /// Starts the time of a step, which ends when the returned value is dropped.
    #[must_use]
    pub fn time_stage(&self, stage: Stage) -> StageTimer {
        StageTimer::new(self.clone(), stage)
    }

    /// Counts a question to a cache.
    pub fn cache(&self, cache: CacheName, result: CacheResult) {
        self.groups.caches.asked(cache, result);
    }

    /// Sets how the size of a cache is found out at each scrape. It replaces the cache's former one.
    pub fn watch_cache(&self, cache: CacheName, size: impl Fn() -> CacheSize + Send + Sync + 'static) {
        self.groups.caches.watch(cache, Box::new(size));
    }

    /// Counts an entry of the shared cache that was not believed.
    pub fn redis_rejected(&self, rejection: Rejection) {
        self.groups.redis.rejected(rejection);
    }

    /// Counts a command to the shared cache that has no answer that can be used.
    pub fn redis_failed(&self, failure: RedisFailure) {
        self.groups.redis.failed(failure);
    }

    /// There is a new client of a shared cache. Returns its number.
    pub fn redis_client(&self) -> u64 {
        self.groups.redis.client()
    }

    /// The client of this number is connected or not. It counts as long as it is the last one.
    pub fn redis_up(&self, client: u64, is_up: bool) {
        self.groups.redis.is_up(client, is_up);
    }

    /// No cache is shared any more.
    pub fn redis_off(&self) {
        self.groups.redis.client();
    }

    /// Counts a request to another service, and its duration. If the work is traced, it is a span.
    pub fn upstream(&self, upstream: Upstream, operation: Operation, code: ResponseCode, took: Duration) {
        self.groups.upstreams.asked(upstream, operation, code, took);
        trace::upstream(upstream, operation, code, took);
    }

    /// Records how long a call waited for the quota of revocation checks.
    pub fn quota_wait(&self, took: Duration) {
        self.groups.upstreams.waited(took);
    }

    /// Sets how the number of calls that the quota permits now is found out at each scrape: the least of all buckets.
    /// `None` if nothing was asked yet.
    pub fn watch_quota(&self, tokens: impl Fn() -> Option<f64> + Send + Sync + 'static) {
        self.groups.upstreams.watch_quota(Box::new(tokens));
    }

    /// Counts a reload of the configuration. The first load at the start counts as well.
    pub fn reload(&self, is_success: bool) {
        self.groups.operations.reload(is_success, SystemTime::now());
    }

    /// Sets what a scan of running Pods has found.
    pub fn running_images(&self, counts: RunningImages) {
        self.groups.scans.found(counts);
    }

    /// Sets when the certificate of the server expires.
    pub fn certificate_expiry(&self, at: SystemTime) {
        self.groups.operations.certificate_expires(at);
    }

    /// Traces are configured.
    pub fn traces_on(&self) {
        self.groups.traces.on();
    }

    /// Counts spans of traces.
    pub fn spans(&self, result: SpanResult, count: u64) {
        self.groups.traces.spans(result, count);
    }

    /// Sets how the number of revocation checks that wait for the quota is found out.
    pub fn watch_quota_waiting(&self, waiting: impl Fn() -> u64 + Send + Sync + 'static) {
        self.groups.upstreams.watch_waiting(Box::new(waiting));
    }

    /// Whether the shared cache is connected. `None` before the first attempt, and without one.
    #[must_use]
    pub fn redis_connected(&self) -> Option<bool> {
        self.groups.redis.up()
    }

    /// The [suspicious](Rejection::SUSPICIOUS) entries of the shared cache since the start.
    #[must_use]
    pub fn redis_suspicious(&self) -> u64 {
        self.groups.redis.suspicious()
    }

    /// The version of the service.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.groups.operations.version
    }

    /// The images that a rule decided about, or that no rule matched: exempt, verified, refused, undetermined.
    #[must_use]
    pub fn decided_by(&self, rule: Option<&str>) -> [u64; 4] {
        self.groups.images.decided_by(rule)
    }

    /// All caches.
    #[must_use]
    pub fn cache_figures(&self) -> Vec<CacheFigures> {
        self.groups.caches.figures()
    }

    /// The load.
    #[must_use]
    pub fn request_figures(&self) -> RequestFigures {
        let Requests { in_flight, shed, stale, .. } = &self.groups.requests;
        RequestFigures { in_flight: in_flight.get(), shed: shed.get(), stale: stale.get() }
    }

    /// The number of calls that the quota permits now: the least of all buckets. `None` before the first call.
    #[must_use]
    pub fn quota_tokens(&self) -> Option<f64> {
        self.groups.upstreams.tokens()
    }

    /// The revocation checks that wait for the quota.
    #[must_use]
    pub fn quota_waiting(&self) -> u64 {
        self.groups.upstreams.waiting()
    }

    /// The requests to other services that failed in the last 15 minutes, by service, operation and status.
    #[must_use]
    pub fn upstream_errors(&self) -> Vec<UpstreamErrors> {
        self.groups.upstreams.errors()
    }

    /// All metrics as text of the type [`CONTENT_TYPE`].
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::with_capacity(16 * 1024);
        // Writing to a String does not fail, and the collector returns no other errors.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        text
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.requests.in_flight.subtract(1);
    }
}

impl Collector for Groups {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.requests.encode(&mut encoder)?;
        self.images.encode(&mut encoder)?;
        self.stages.encode(&mut encoder)?;
        self.caches.encode(&mut encoder)?;
        self.redis.encode(&mut encoder)?;
        self.upstreams.encode(&mut encoder)?;
        self.operations.encode(&mut encoder)?;
        self.scans.encode(&mut encoder)?;
        self.traces.encode(&mut encoder)?;
        process::encode(&mut encoder)
    }
}

#[cfg(test)]
mod tests;
