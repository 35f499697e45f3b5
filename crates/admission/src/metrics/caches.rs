//! The caches: how often they help, and how large they are.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::series::{Number, count_of, descriptor, gauge};

const NAMES: [&str; 9] =
    ["tag", "signatures", "envelope", "chain", "revocation", "verdict", "ecr_token", "pull_secret", "redis"];
const RESULTS: [&str; 3] = ["hit", "shared", "miss"];

/// A cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheName {
    /// Digests of tags.
    Tag,
    /// Lists of signatures.
    Signatures,
    /// Envelopes of signatures.
    Envelope,
    /// Certificate chains.
    Chain,
    /// Answers about revocation.
    Revocation,
    /// Verdicts.
    Verdict,
    /// Tokens for Amazon ECR.
    EcrToken,
    /// Pull secrets and service accounts of Kubernetes.
    PullSecret,
    /// What replicas share. Another replica was asking already if an answer is shared.
    Redis,
}

/// What a question to a cache came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheResult {
    /// The answer was there.
    Hit,
    /// Someone else was asking already, and the answer was shared.
    Shared,
    /// The answer was not there.
    Miss,
}

/// The size of a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheSize {
    /// Its entries.
    pub entries: u64,
    /// The memory that they take, about.
    pub bytes: u64,
}

/// A cache at one moment.
#[derive(Debug, Clone, Copy)]
pub struct CacheFigures {
    /// Its name, as in labels.
    pub name: &'static str,
    /// Answers that were there.
    pub hits: u64,
    /// Answers for which another request was asking already.
    pub shared: u64,
    /// Answers that were not there.
    pub misses: u64,
    /// Its size, if it is known.
    pub size: Option<CacheSize>,
}

type Size = Box<dyn Fn() -> CacheSize + Send + Sync>;

/// The metrics of caches.
#[derive(Default)]
pub struct Caches {
    counts: [[Number; RESULTS.len()]; NAMES.len()],
    /// Locked at scrapes only.
    sizes: Mutex<[Option<Size>; NAMES.len()]>,
}

impl fmt::Debug for Caches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caches").field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl Caches {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn asked(&self, cache: CacheName, result: CacheResult) {
        let result = match result {
            CacheResult::Hit => 0,
            CacheResult::Shared => 1,
            CacheResult::Miss => 2,
        };
        self.counts[index(cache)][result].add(1);
    }

    pub fn watch(&self, cache: CacheName, size: Size) {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)[index(cache)] = Some(size);
    }

    fn sizes(&self) -> [Option<CacheSize>; NAMES.len()] {
        let sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        std::array::from_fn(|place| sizes[place].as_ref().map(|size| size()))
    }

    /// All caches, in the order of their names.
    pub fn figures(&self) -> Vec<CacheFigures> {
        let of = |((name, counts), size): ((&&'static str, &[Number; RESULTS.len()]), Option<CacheSize>)| {
            let [hits, shared, misses] = counts.each_ref().map(Number::get);
            CacheFigures { name, hits, shared, misses, size }
        };
        NAMES.iter().zip(&self.counts).zip(self.sizes()).map(of).collect()
    }

    pub fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Questions to the caches: hit, shared (another request was asking already) or miss.";
        let mut family = descriptor(encoder, "notation_admission_cache_requests", help, MetricType::Counter)?;
        for (cache, counts) in NAMES.iter().zip(&self.counts) {
            for (result, value) in RESULTS.iter().zip(counts) {
                count_of(&mut family, &[("cache", *cache), ("result", *result)], value.get())?;
            }
        }
        let sizes = self.sizes();
        let help = "Entries of the caches.";
        let mut family = descriptor(encoder, "notation_admission_cache_entries", help, MetricType::Gauge)?;
        for (cache, size) in NAMES.iter().zip(&sizes).filter_map(|(cache, size)| Some((*cache, (*size)?))) {
            family.encode_family(&[("cache", cache)])?.encode_gauge(&size.entries)?;
        }
        #[allow(clippy::cast_precision_loss, reason = "the memory of caches is less than 2^53 bytes")]
        let bytes = sizes.iter().flatten().map(|size| size.bytes).sum::<u64>() as f64;
        gauge(encoder, "notation_admission_cache_bytes", "The memory of all caches together, about.", bytes)
    }
}

/// The place of a cache in [`NAMES`].
fn index(cache: CacheName) -> usize {
    match cache {
        CacheName::Tag => 0,
        CacheName::Signatures => 1,
        CacheName::Envelope => 2,
        CacheName::Chain => 3,
        CacheName::Revocation => 4,
        CacheName::Verdict => 5,
        CacheName::EcrToken => 6,
        CacheName::PullSecret => 7,
        CacheName::Redis => 8,
    }
}
