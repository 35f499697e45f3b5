//! What the service's own scan has found: images that run, by namespace and outcome.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::images::OTHER;
use super::series::descriptor;
use crate::decision::Outcome;

/// The most namespaces that are counted apart.
const MAX_NAMESPACES: usize = 1000;

/// The counts of one scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunningImages(BTreeMap<Box<str>, [u64; Outcome::ALL.len()]>);

impl RunningImages {
    /// Counts an image.
    pub fn add(&mut self, namespace: &str, outcome: Outcome) {
        let is_known = self.0.contains_key(namespace) || self.0.len() < MAX_NAMESPACES;
        let counts = self.0.entry(if is_known { namespace.into() } else { OTHER.into() }).or_default();
        counts[outcome as usize] += 1;
    }

    /// All images.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().flatten().sum()
    }
}

/// The counts of the last scan; none before the first.
#[derive(Debug, Default)]
pub struct Scans(Mutex<Option<RunningImages>>);

impl Scans {
    pub fn found(&self, counts: RunningImages) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(counts);
    }

    pub fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(RunningImages(counts)) = counts else { return Ok(()) };
        let help = "Images that ran at the last scan, by namespace and outcome.";
        let mut family = descriptor(encoder, "notation_admission_running_images", help, MetricType::Gauge)?;
        for (namespace, counts) in &counts {
            for (outcome, count) in Outcome::ALL.iter().zip(counts) {
                let labels = [("namespace", &**namespace), ("outcome", outcome.as_str())];
                family.encode_family(&labels)?.encode_gauge(count)?;
            }
        }
        Ok(())
    }
}
