//! What happens, for metrics and the log.

use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use time::OffsetDateTime;
use tokio::sync::watch;

use super::build::Readiness;
use crate::config::Adapter;
use crate::frontends::{Answer, Record};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::server::{Observer, Operations, StatusForm, StatusPage, Tls};
use crate::status::{self, Now, Status};
use crate::trace::{RequestSpan, Traces};

/// Counts and logs requests, and keeps the last decisions for the status page.
#[derive(Debug)]
pub struct Observed {
    metrics: Metrics,
    log: Log,
    status: Arc<Status>,
    traces: Traces,
}

impl Observed {
    /// Counts in `metrics`, writes to `log`, keeps in `status`, and traces to `traces`.
    #[must_use]
    pub fn new(metrics: Metrics, log: Log, status: Arc<Status>, traces: Traces) -> Self {
        Self { metrics, log, status, traces }
    }
}

impl Observer for Observed {
    fn answered(&self, adapter: Option<Adapter>, answer: &Answer, took: Duration) {
        let Some(adapter) = adapter else { return };
        match &answer.record {
            Some(record) => {
                self.metrics.decided(adapter, record.verdict, took, &record.images);
                self.log.decision(record, took);
            }
            None if answer.status >= 400 => self.metrics.malformed(adapter, took),
            None => {}
        }
    }

    fn trace(&self, headers: &HeaderMap) -> Option<RequestSpan> {
        self.traces.request(headers)
    }

    fn decided(&self, record: Record, took: Duration) {
        self.status.decided(record, took);
    }

    fn shed(&self) {
        self.metrics.shed();
    }

    fn inflight(&self, change: i64) {
        self.metrics.in_flight_changed(change);
    }
}

/// The answers to probes.
#[derive(Debug)]
pub struct Health {
    metrics: Metrics,
    readiness: Readiness,
    tls: Option<Arc<Tls>>,
    stopped: watch::Receiver<bool>,
    status: Arc<Status>,
}

impl Health {
    /// Ready as long as `readiness` says so and `stopped` is false.
    #[must_use]
    pub fn new(
        metrics: Metrics,
        readiness: Readiness,
        tls: Option<Arc<Tls>>,
        stopped: watch::Receiver<bool>,
        status: Arc<Status>,
    ) -> Self {
        Self { metrics, readiness, tls, stopped, status }
    }
}

impl Operations for Health {
    fn ready(&self) -> Result<(), String> {
        if *self.stopped.borrow() {
            return Err("the service is stopping".to_owned());
        }
        if let Some(why) = self.tls.as_ref().and_then(|tls| tls.missing(OffsetDateTime::now_utc())) {
            return Err(why);
        }
        self.readiness.check()
    }

    fn metrics(&self) -> String {
        if let Some(expires) = self.tls.as_ref().and_then(|tls| tls.expires()) {
            self.metrics.certificate_expiry(expires.into());
        }
        self.metrics.encode()
    }

    fn status(&self, form: StatusForm) -> StatusPage {
        let certificate = self.tls.as_ref().and_then(|tls| tls.expires()).map(Into::into);
        let body = self.status.page(form, Now { missing: self.ready().err(), certificate });
        StatusPage { body, content_security_policy: status::content_security_policy() }
    }
}
