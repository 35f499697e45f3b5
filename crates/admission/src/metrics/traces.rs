//! Spans that were sent to the collector, and those that were lost.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::series::{Number, count_of, descriptor};

const RESULTS: [&str; 3] = ["sent", "dropped", "failed"];

/// What became of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanResult {
    /// The collector has them.
    Sent,
    /// The queue was full.
    Dropped,
    /// The collector could not be reached, or did not take them.
    Failed,
}

/// The metrics of traces, which are shown once traces are configured.
#[derive(Debug, Default)]
pub struct Traces {
    is_on: AtomicBool,
    counts: [Number; RESULTS.len()],
}

impl Traces {
    pub fn on(&self) {
        self.is_on.store(true, Ordering::Relaxed);
    }

    pub fn spans(&self, result: SpanResult, count: u64) {
        let place = match result {
            SpanResult::Sent => 0,
            SpanResult::Dropped => 1,
            SpanResult::Failed => 2,
        };
        self.counts[place].add(count);
    }

    pub fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        if !self.is_on.load(Ordering::Relaxed) {
            return Ok(());
        }
        let help = "Spans of traces: sent, dropped (the queue was full) or failed (the collector did not take them).";
        let mut family = descriptor(encoder, "notation_admission_trace_spans", help, MetricType::Counter)?;
        for (result, value) in RESULTS.iter().zip(&self.counts) {
            count_of(&mut family, &[("result", *result)], value.get())?;
        }
        Ok(())
    }
}
