//! What the service counts and measures, in the text format of Prometheus.
//!
//! Labels have values of this program only, such as operations and error codes. A client cannot make up any, so the
//! number of series is bounded.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The upper bounds of the histograms in seconds: from a read from memory to a client's patience.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// A label and its value.
type Label = (&'static str, &'static str);
type Counters<const N: usize> = Family<[Label; N], Counter>;
type Histograms = Family<[Label; 1], Histogram, fn() -> Histogram>;
type Gauges = Family<[Label; 1], Gauge>;

/// The metrics of a service.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Counters<2>,
    durations: Histograms,
    throttled: Counters<1>,
    faults: Counters<2>,
    connections: Gauge,
    closed: Counter,
    commits: Histogram,
    reloads: Counters<1>,
    jobs: Gauges,
    waiting: Gauges,
    lost: Gauges,
}

/// What is read when the metrics are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readings {
    /// The number of signing jobs in each status.
    pub jobs: Vec<(&'static str, u64)>,
    /// The number of entries in each queue.
    pub waiting: Vec<(&'static str, usize)>,
    /// The number of entries of each queue that were lost since the start.
    pub lost: Vec<(&'static str, u64)>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics that start at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("local_signer");
        let requests = Counters::default();
        registry.register("requests", "Requests by operation and outcome: ok or the error code", requests.clone());
        let durations: Histograms = Family::new_with_constructor(histogram);
        registry.register(
            "request_duration_seconds",
            "Time from the head of a request to its answer",
            durations.clone(),
        );
        let throttled = Counters::default();
        registry.register("throttled", "Requests beyond a quota", throttled.clone());
        let faults = Counters::default();
        registry.register("faults", "Faults on purpose", faults.clone());
        let connections = Gauge::default();
        registry.register("connections", "Open connections", connections.clone());
        let closed = Counter::default();
        registry.register(
            "connections_closed_for_others",
            "Connections without an authenticated request that were closed for new ones",
            closed.clone(),
        );
        let commits = histogram();
        registry.register("store_commit_seconds", "Time of a commit in the store", commits.clone());
        let reloads = Counters::default();
        registry.register("configuration_reloads", "Reloads of the configuration by outcome", reloads.clone());
        let jobs = Gauges::default();
        registry.register("jobs", "Signing jobs by status", jobs.clone());
        let waiting = Gauges::default();
        registry.register("queue_length", "Entries that wait in a queue", waiting.clone());
        let lost = Gauges::default();
        registry.register("queue_lost", "Entries of a queue that were lost since the start", lost.clone());
        Self {
            registry: Arc::new(registry),
            requests,
            durations,
            throttled,
            faults,
            connections,
            closed,
            commits,
            reloads,
            jobs,
            waiting,
            lost,
        }
    }

    /// Counts a request and its duration. The outcome is `ok` or the error code.
    pub fn request(&self, operation: &'static str, outcome: &'static str, duration: Duration) {
        self.requests.get_or_create(&[("operation", operation), ("outcome", outcome)]).inc();
        self.durations.get_or_create(&[("operation", operation)]).observe(duration.as_secs_f64());
    }

    /// Counts a request beyond its quota.
    pub fn throttled(&self, operation: &'static str) {
        self.throttled.get_or_create(&[("operation", operation)]).inc();
    }

    /// Counts a fault on purpose of the kind `error`, `cut` or `delay`.
    pub fn fault(&self, operation: &'static str, kind: &'static str) {
        self.faults.get_or_create(&[("operation", operation), ("kind", kind)]).inc();
    }

    /// Counts a connection until the value is dropped.
    #[must_use]
    pub fn connection(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    /// Counts a connection that was closed for a new one.
    pub fn closed_for_another(&self) {
        self.closed.inc();
    }

    /// Counts a commit of the store and its duration.
    pub fn commit(&self, duration: Duration) {
        self.commits.observe(duration.as_secs_f64());
    }

    /// Counts a reload of the configuration.
    pub fn reload(&self, is_ok: bool) {
        self.reloads.get_or_create(&[("outcome", if is_ok { "ok" } else { "refused" })]).inc();
    }

    /// The metrics in Prometheus's text format, version 0.0.4.
    #[must_use]
    pub fn text(&self, readings: &Readings) -> String {
        for (status, jobs) in &readings.jobs {
            self.jobs.get_or_create(&[("status", *status)]).set(i64::try_from(*jobs).unwrap_or(i64::MAX));
        }
        for (queue, waiting) in &readings.waiting {
            self.waiting.get_or_create(&[("queue", *queue)]).set(i64::try_from(*waiting).unwrap_or(i64::MAX));
        }
        for (queue, lost) in &readings.lost {
            self.lost.get_or_create(&[("queue", *queue)]).set(i64::try_from(*lost).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        text
    }
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

/// A connection that is counted as open.
#[derive(Debug)]
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_prometheus() {
        let metrics = Metrics::new();
        metrics.request("SignPayload", "ok", Duration::from_millis(3));
        metrics.request("SignPayload", "ValidationException", Duration::from_millis(1));
        metrics.throttled("SignPayload");
        metrics.fault("SignPayload", "cut");
        metrics.commit(Duration::from_secs(60));
        let open = metrics.connection();
        drop(metrics.connection());
        let readings = Readings { jobs: vec![("Succeeded", 7)], waiting: vec![("audit", 2)], lost: vec![("audit", 1)] };
        let text = metrics.text(&readings);
        for line in [
            "# TYPE local_signer_requests_total counter",
            r#"local_signer_requests_total{operation="SignPayload",outcome="ok"} 1"#,
            r#"local_signer_requests_total{operation="SignPayload",outcome="ValidationException"} 1"#,
            r#"local_signer_request_duration_seconds_bucket{operation="SignPayload",le="0.0025"} 1"#,
            r#"local_signer_request_duration_seconds_count{operation="SignPayload"} 2"#,
            r#"local_signer_throttled_total{operation="SignPayload"} 1"#,
            r#"local_signer_faults_total{operation="SignPayload",kind="cut"} 1"#,
            r#"local_signer_store_commit_seconds_bucket{le="+Inf"} 1"#,
            "local_signer_connections 1",
            r#"local_signer_jobs{status="Succeeded"} 7"#,
            r#"local_signer_queue_length{queue="audit"} 2"#,
            r#"local_signer_queue_lost{queue="audit"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        drop(open);
    }
}
