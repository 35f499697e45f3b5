//! The steps of a verification and how long they take.

use std::fmt;
use std::time::{Duration, Instant};

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::Metrics;
use super::series::{Histogram, descriptor};

const NAMES: [&str; 5] = ["resolve", "referrers", "fetch", "verify", "revocation"];

/// The arithmetic takes some hundred microseconds, slow registries seconds.
const BOUNDS: [f64; 14] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// A step of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The tag's digest is asked for.
    Resolve,
    /// The signatures of the image are listed.
    Referrers,
    /// A signature is fetched.
    Fetch,
    /// A signature is verified, without requests.
    Verify,
    /// Revocation is checked.
    Revocation,
}

impl Stage {
    /// The name in metrics and traces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES[self.place()]
    }

    /// The place in [`NAMES`].
    fn place(self) -> usize {
        match self {
            Self::Resolve => 0,
            Self::Referrers => 1,
            Self::Fetch => 2,
            Self::Verify => 3,
            Self::Revocation => 4,
        }
    }
}

/// The time of a step, which ends when this is dropped.
#[derive(Debug)]
pub struct StageTimer {
    metrics: Metrics,
    stage: Stage,
    start: Instant,
}

impl StageTimer {
    pub(super) fn new(metrics: Metrics, stage: Stage) -> Self {
        Self { metrics, stage, start: Instant::now() }
    }
}

impl Drop for StageTimer {
    fn drop(&mut self) {
        self.metrics.stage(self.stage, self.start.elapsed());
    }
}

/// The metrics of the steps.
#[derive(Debug)]
pub struct Stages([Histogram; NAMES.len()]);

impl Stages {
    pub fn new() -> Self {
        Self(std::array::from_fn(|_| Histogram::new(&BOUNDS)))
    }

    pub fn took(&self, stage: Stage, took: Duration) {
        self.0[stage.place()].observe(took);
    }

    pub fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let name = "notation_admission_verification_duration_seconds";
        let help = "The time of a step of a verification that was not answered from memory.";
        let mut family = descriptor(encoder, name, help, MetricType::Histogram)?;
        for (stage, duration) in NAMES.iter().zip(&self.0) {
            duration.encode(&mut family.encode_family(&[("stage", *stage)])?)?;
        }
        Ok(())
    }
}
