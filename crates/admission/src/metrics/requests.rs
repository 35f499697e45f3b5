//! Requests: how many, how long, how many at a time.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::series::{Histogram, Number, count_of, counter, descriptor, gauge};
use crate::config::Adapter;
use crate::decision::Verdict;

const ADAPTERS: [&str; 6] = ["kubernetes", "gatekeeper", "kyverno", "ecs", "imagereview", "verify"];
const DECISIONS: [&str; 4] = ["allowed", "undetermined", "refused", "malformed"];

/// A warm decision takes less than a millisecond, the API server waits at most 30 s.
const BOUNDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The metrics of requests.
#[derive(Debug)]
pub struct Requests {
    counts: [[Number; DECISIONS.len()]; ADAPTERS.len()],
    durations: [Histogram; ADAPTERS.len()],
    pub in_flight: Number,
    pub shed: Number,
    pub stale: Number,
}

/// The load at one moment.
#[derive(Debug, Clone, Copy)]
pub struct RequestFigures {
    /// Requests that are worked on.
    pub in_flight: u64,
    /// Requests that were turned away since the start.
    pub shed: u64,
    /// Images that counted as verified although their revocation could not be checked.
    pub stale: u64,
}

impl Requests {
    pub fn new() -> Self {
        Self {
            counts: Default::default(),
            durations: std::array::from_fn(|_| Histogram::new(&BOUNDS)),
            in_flight: Number::default(),
            shed: Number::default(),
            stale: Number::default(),
        }
    }

    pub fn decided(&self, adapter: Adapter, verdict: Verdict, took: Duration) {
        let decision = match verdict {
            Verdict::Allowed => 0,
            Verdict::Undetermined => 1,
            Verdict::Refused => 2,
        };
        self.answered(adapter, decision, took);
    }

    pub fn malformed(&self, adapter: Adapter, took: Duration) {
        self.answered(adapter, 3, took);
    }

    pub fn stale(&self, images: u64) {
        if images > 0 {
            self.stale.add(images);
        }
    }

    fn answered(&self, adapter: Adapter, decision: usize, took: Duration) {
        let adapter = index(adapter);
        self.counts[adapter][decision].add(1);
        self.durations[adapter].observe(took);
    }

    pub fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests that were answered, by adapter and decision.";
        let mut family = descriptor(encoder, "notation_admission_requests", help, MetricType::Counter)?;
        for (adapter, counts) in ADAPTERS.iter().zip(&self.counts) {
            for (decision, value) in DECISIONS.iter().zip(counts) {
                count_of(&mut family, &[("adapter", *adapter), ("decision", *decision)], value.get())?;
            }
        }
        let name = "notation_admission_request_duration_seconds";
        let mut family = descriptor(encoder, name, "The time to answer a request.", MetricType::Histogram)?;
        for (adapter, duration) in ADAPTERS.iter().zip(&self.durations) {
            duration.encode(&mut family.encode_family(&[("adapter", *adapter)])?)?;
        }
        #[allow(clippy::cast_precision_loss, reason = "at most some thousand requests are in flight")]
        let in_flight = self.in_flight.get() as f64;
        gauge(encoder, "notation_admission_inflight_requests", "Requests that are worked on now.", in_flight)?;
        let help = "Requests that were turned away because of overload.";
        counter(encoder, "notation_admission_shed_requests", help, self.shed.get())?;
        let help = "Images that counted as verified although their revocation could not be checked.";
        counter(encoder, "notation_admission_stale_verdicts", help, self.stale.get())
    }
}

/// The place of an adapter in [`ADAPTERS`].
fn index(adapter: Adapter) -> usize {
    match adapter {
        Adapter::Kubernetes => 0,
        Adapter::Gatekeeper => 1,
        Adapter::Kyverno => 2,
        Adapter::Ecs => 3,
        Adapter::ImageReview => 4,
        Adapter::Verify => 5,
    }
}
