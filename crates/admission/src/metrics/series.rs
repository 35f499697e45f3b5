//! Counters, gauges and histograms whose label values are known beforehand: arrays of atomic numbers.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// A number that is counted up, or up and down.
#[derive(Debug, Default)]
pub struct Number(AtomicU64);

impl Number {
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub fn subtract(&self, less: u64) {
        self.0.fetch_sub(less, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A duration's distribution.
#[derive(Debug)]
pub struct Histogram {
    /// The upper bounds of the buckets in seconds, ascending.
    bounds: &'static [f64],
    /// The observations of each bucket, and of those above the last bound.
    buckets: Box<[Number]>,
    /// The sum of all observations. It overflows after 584 years.
    nanoseconds: Number,
}

impl Histogram {
    pub fn new(bounds: &'static [f64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| Number::default()).collect();
        Self { bounds, buckets, nanoseconds: Number::default() }
    }

    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = self.bounds.partition_point(|bound| seconds > *bound);
        self.buckets[bucket].add(1);
        self.nanoseconds.add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Writes it without a descriptor, as a series of a family.
    pub fn encode(&self, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        let counts: Vec<u64> = self.buckets.iter().map(Number::get).collect();
        let buckets: Vec<(f64, u64)> = self.bounds.iter().copied().zip(counts.iter().copied()).collect();
        let sum = Duration::from_nanos(self.nanoseconds.get()).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
    }
}

/// Writes the descriptor of a metric. `name` is without the `_total` of counters, which the encoder appends.
pub fn descriptor<'a>(
    encoder: &'a mut DescriptorEncoder<'_>,
    name: &'a str,
    help: &str,
    kind: MetricType,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    encoder.encode_descriptor(name, help, None, kind)
}

/// Writes a counter without labels.
pub fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    count(&mut descriptor(encoder, name, help, MetricType::Counter)?, value)
}

/// Writes a gauge without labels.
pub fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> fmt::Result {
    descriptor(encoder, name, help, MetricType::Gauge)?.encode_gauge(&value)
}

/// Writes the value of a counter, as a series of a family.
pub fn count(encoder: &mut MetricEncoder<'_>, value: u64) -> fmt::Result {
    encoder.encode_counter::<NoLabelSet, u64, u64>(&value, None)
}

/// Writes the value of a counter with labels.
pub fn count_of(encoder: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, value: u64) -> fmt::Result {
    count(&mut encoder.encode_family(labels)?, value)
}
