//! The calls to AWS Signer that are permitted: a token bucket for each region, and who waits for it.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_names::Region;
use limits::RateLimit;

use crate::cache::Key;

/// The most regions that have a bucket of their own. Only trusted signers' regions are asked.
const MAX_BUCKETS: usize = 64;

/// The quota of all regions.
#[derive(Debug, Default)]
pub struct Quota {
    buckets: Mutex<Buckets>,
    /// The revocation checks that wait for their turn.
    waiting: Mutex<HashSet<Key>>,
    /// The revocation check that each verification waits for.
    awaited: Mutex<HashMap<Key, Key>>,
}

#[derive(Debug, Default)]
struct Buckets {
    rate: Option<Rate>,
    by_region: HashMap<Option<Region>, Arc<RateLimit>>,
}

/// How many calls are permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The time for one call.
    pub interval: Duration,
    /// The most calls that may be made at once after a pause.
    pub burst: NonZeroU32,
}

impl Quota {
    /// Permits calls at this rate from now on, in all regions.
    pub fn set_rate(&self, rate: Rate) {
        let mut buckets = locked(&self.buckets);
        if buckets.rate != Some(rate) {
            *buckets = Buckets { rate: Some(rate), by_region: HashMap::new() };
        }
    }

    /// The number of calls that can be made at once in the region where it is least.
    #[must_use]
    pub fn tokens(&self) -> Option<u32> {
        locked(&self.buckets).by_region.values().map(|bucket| bucket.available()).min()
    }

    /// Waits for the turn of a revocation check in a region. Returns false at once if it comes later than `longest`
    /// from now.
    pub async fn wait(&self, region: Option<Region>, check: Key, longest: Duration) -> bool {
        let Some(bucket) = self.bucket(region) else { return true };
        locked(&self.waiting).insert(check);
        let _waits = Entry {
            end: || {
                locked(&self.waiting).remove(&check);
            },
        };
        bucket.wait_at_most(longest).await
    }

    fn bucket(&self, region: Option<Region>) -> Option<Arc<RateLimit>> {
        let mut buckets = locked(&self.buckets);
        let Rate { interval, burst } = buckets.rate?;
        let buckets = &mut buckets.by_region;
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&region) {
            buckets.clear();
        }
        Some(Arc::clone(buckets.entry(region).or_insert_with(|| Arc::new(RateLimit::bucket(interval, burst)))))
    }

    /// Notes that a verification waits for a revocation check, as long as the result lives.
    pub fn awaiting(&self, verification: Key, check: Key) -> impl Drop {
        locked(&self.awaited).insert(verification, check);
        Entry {
            end: move || {
                locked(&self.awaited).remove(&verification);
            },
        }
    }

    /// How many revocation checks wait for their turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        locked(&self.waiting).len()
    }

    /// Whether a verification waits for the quota at the moment.
    #[must_use]
    pub fn holds_up(&self, verification: &Key) -> bool {
        let check = locked(&self.awaited).get(verification).copied();
        check.is_some_and(|check| locked(&self.waiting).contains(&check))
    }
}

/// Ends something when it is dropped.
struct Entry<F: FnMut()> {
    end: F,
}

impl<F: FnMut()> Drop for Entry<F> {
    fn drop(&mut self) {
        (self.end)();
    }
}

/// A panic cannot leave the collections half-changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
