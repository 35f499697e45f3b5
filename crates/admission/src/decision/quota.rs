//! The calls to AWS Signer that are permitted: a token bucket for each region, and who waits for it. Where replicas
//! share a bucket, it decides; where they do not, or it is gone, each has its part of the rate. A bucket has no proof
//! of who filled it: each replica has its part whatever the bucket says.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_names::Region;
use limits::RateLimit;
use tokio::time::{Instant, sleep};

use super::shared::{Shared, Token};
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
    rates: Option<Rates>,
    by_region: HashMap<Option<Region>, Arc<Bucket>>,
}

/// How many calls are permitted to this replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Its part, when it goes by itself.
    pub part: Rate,
    /// The rate of all replicas, which it never exceeds, whatever a shared bucket says.
    pub whole: Rate,
}

/// The buckets of a region.
#[derive(Debug)]
struct Bucket {
    part: RateLimit,
    whole: RateLimit,
    /// Its part with what the shared bucket permitted: has tokens as long as that was less.
    least: RateLimit,
}

/// The bucket that replicas share for a region.
#[derive(Debug, Clone, Copy)]
pub struct SharedBucket<'a> {
    /// Where it is.
    pub shared: &'a dyn Shared,
    /// Stands for the credentials and the region.
    pub key: Key,
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
    /// Permits calls at these rates from now on, in all regions.
    pub fn set_rates(&self, rates: Rates) {
        let mut buckets = locked(&self.buckets);
        if buckets.rates != Some(rates) {
            *buckets = Buckets { rates: Some(rates), by_region: HashMap::new() };
        }
    }

    /// The number of calls that this replica can make at once in the region where it is least.
    #[must_use]
    pub fn tokens(&self) -> Option<u32> {
        // The bucket that is not in use is full.
        let least = |bucket: &Arc<Bucket>| bucket.part.available().min(bucket.whole.available());
        locked(&self.buckets).by_region.values().map(least).min()
    }

    /// Waits for the turn of a revocation check in a region. Returns false if it comes later than `longest` from now,
    /// as soon as that is known.
    pub async fn wait(
        &self,
        region: Option<Region>,
        check: Key,
        longest: Duration,
        shared: Option<SharedBucket<'_>>,
    ) -> bool {
        let Some((bucket, rates)) = self.bucket(region) else { return true };
        let end = Instant::now() + longest;
        let left = || end.saturating_duration_since(Instant::now());
        locked(&self.waiting).insert(check);
        let _waits = Entry {
            end: || {
                locked(&self.waiting).remove(&check);
            },
        };
        let Some(SharedBucket { shared, key }) = shared else { return bucket.part.wait_at_most(left()).await };
        match shared.take(key, rates.whole, left()).await {
            Some(Token::After(time)) => {
                // Someone may have filled the bucket so that there is no time left to ask.
                let is_late = time > left() / 2;
                if !(is_late && bucket.least.wait_at_most(left() / 2).await) {
                    bucket.least.count(longest);
                    sleep(time).await;
                }
                // A shared bucket that forgot everything, or was made to, permits more than the rate.
                bucket.whole.wait_at_most(left()).await
            }
            Some(Token::TooLate) => {
                if !bucket.least.wait_at_most(left() / 2).await {
                    return false;
                }
                // It counts for the others: together they stay at the rate.
                shared.take(key, rates.whole, left() * 2).await;
                bucket.whole.wait_at_most(left()).await
            }
            None => bucket.part.wait_at_most(left()).await,
        }
    }

    fn bucket(&self, region: Option<Region>) -> Option<(Arc<Bucket>, Rates)> {
        let mut buckets = locked(&self.buckets);
        let rates = buckets.rates?;
        let buckets = &mut buckets.by_region;
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&region) {
            buckets.clear();
        }
        let limit = |rate: Rate| RateLimit::bucket(rate.interval, rate.burst);
        let new = || {
            let [part, least] = [rates.part, rates.part].map(limit);
            Arc::new(Bucket { part, whole: limit(rates.whole), least })
        };
        Some((Arc::clone(buckets.entry(region).or_insert_with(new)), rates))
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
