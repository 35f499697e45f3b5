//! A cache within a number of bytes, whose entries are used for a limited time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::key::Key;

/// What an entry takes beside its value: the key, the counters of its `Arc`, its times, and its place in the cache.
const OVERHEAD: usize = size_of::<Key>() + 2 * size_of::<usize>() + size_of::<Times>() + 48;

/// How many bytes a value holds on the heap, beside its own size.
pub trait Weight {
    /// The bytes on the heap.
    fn heap(&self) -> usize;
}

/// Values by their keys. The least used go first when the bytes are used up.
#[derive(Debug)]
pub struct Bounded<V> {
    entries: Cache<Key, Arc<Remembered<V>>, Sizes>,
}

/// A value, and how long it is used.
#[derive(Debug)]
pub struct Remembered<V> {
    /// The value.
    pub value: V,
    times: Times,
}

#[derive(Debug)]
struct Times {
    until: Instant,
    /// How long before `until` it is time to ask again, in nanoseconds.
    refresh: AtomicU64,
}

#[derive(Debug, Clone)]
struct Sizes {
    least: u64,
}

impl<V: Weight> Weighter<Key, Arc<Remembered<V>>> for Sizes {
    fn weight(&self, _: &Key, entry: &Arc<Remembered<V>>) -> u64 {
        ((OVERHEAD + size_of::<V>() + entry.value.heap()) as u64).max(self.least)
    }
}

impl<V: Weight> Bounded<V> {
    /// A cache of at most `bytes`, and at most `entries`.
    #[must_use]
    pub fn new(bytes: usize, entries: usize) -> Self {
        // An entry counts at least as much as makes their number right.
        let least = (bytes / entries.max(1)).max(1);
        let expected = (bytes / least.max(OVERHEAD + 2 * size_of::<V>())).clamp(1, entries.max(1));
        // Room for all would be allocated at once.
        let expected = expected.min(1024);
        Self { entries: Cache::with_weighter(expected, bytes as u64, Sizes { least: least as u64 }) }
    }

    /// The entry of a key, if it may still be used.
    #[must_use]
    pub fn get(&self, key: &Key, now: Instant) -> Option<Arc<Remembered<V>>> {
        self.entries.get(key).filter(|entry| entry.is_current(now))
    }

    /// The entry of a key, even if its time is over.
    #[must_use]
    pub fn last(&self, key: &Key) -> Option<Arc<Remembered<V>>> {
        self.entries.get(key)
    }

    /// Stores a value that is used for `time`.
    pub fn insert(&self, key: Key, value: V, now: Instant, time: Duration) -> Arc<Remembered<V>> {
        self.insert_until(key, value, now + time, time - refresh_after(time))
    }

    /// Stores a value that is used until `until`, and asked for again `refresh` before that.
    pub fn insert_until(&self, key: Key, value: V, until: Instant, refresh: Duration) -> Arc<Remembered<V>> {
        let entry = Arc::new(Remembered { value, times: Times::new(until, refresh) });
        self.entries.insert(key, Arc::clone(&entry));
        entry
    }

    /// The number of entries, and the bytes that they hold.
    #[must_use]
    pub fn size(&self) -> (usize, u64) {
        (self.entries.len(), self.entries.weight())
    }
}

impl<V> Remembered<V> {
    /// A value that is used once and stored nowhere.
    #[must_use]
    pub fn once(value: V, now: Instant) -> Self {
        Self { value, times: Times::new(now, Duration::ZERO) }
    }

    /// Whether it may still be used.
    #[must_use]
    pub fn is_current(&self, now: Instant) -> bool {
        now < self.times.until
    }

    /// Whether it is time to ask again, while the old value is still used.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.left(now) <= Duration::from_nanos(self.times.refresh.load(Ordering::Relaxed))
    }

    /// Asks again only after this time. It is used no longer than before.
    pub fn postpone(&self, now: Instant, by: Duration) {
        self.times.refresh.store(nanoseconds(self.left(now).saturating_sub(by)), Ordering::Relaxed);
    }

    /// Until when it is used.
    #[must_use]
    pub fn until(&self) -> Instant {
        self.times.until
    }

    /// How long it is still used.
    #[must_use]
    pub fn left(&self, now: Instant) -> Duration {
        self.times.until.saturating_duration_since(now)
    }
}

impl Times {
    fn new(until: Instant, refresh: Duration) -> Self {
        Self { until, refresh: AtomicU64::new(nanoseconds(refresh)) }
    }
}

/// Five hundred years are enough.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// 80 % of the time, give or take a tenth of the rest, so that what was fetched together is not refreshed together.
fn refresh_after(time: Duration) -> Duration {
    time.mul_f64(0.75 + 0.1 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    impl Weight for Vec<u8> {
        fn heap(&self) -> usize {
            self.capacity()
        }
    }

    fn key(number: usize) -> Key {
        Key::of("test").with(number.to_be_bytes()).key()
    }

    const TIME: Duration = Duration::from_secs(10);

    #[test]
    fn entries_are_used_until_their_time_is_over() {
        let cache = Bounded::<Vec<u8>>::new(1 << 20, 100);
        let now = Instant::now();
        cache.insert(key(1), vec![1], now, TIME);
        let entry = cache.get(&key(1), now).unwrap();
        assert!(!entry.is_due(now + Duration::from_secs(7)));
        assert!(entry.is_due(now + Duration::from_millis(8600)));
        assert!(cache.get(&key(1), now + Duration::from_secs(10)).is_none());
        assert_eq!(cache.last(&key(1)).unwrap().value, [1]);
    }

    #[test]
    fn a_refresh_is_postponed_and_the_end_is_not() {
        let cache = Bounded::<Vec<u8>>::new(1 << 20, 100);
        let now = Instant::now();
        let entry = cache.insert(key(1), vec![1], now, TIME);
        let late = now + Duration::from_millis(8600);
        assert!(entry.is_due(late));
        entry.postpone(late, Duration::from_secs(1));
        assert!(!entry.is_due(late) && !entry.is_due(late + Duration::from_millis(999)));
        assert!(entry.is_due(late + Duration::from_secs(1)));
        entry.postpone(late, TIME);
        assert!(!entry.is_current(now + TIME) && cache.get(&key(1), now + TIME).is_none());
    }

    #[test]
    fn bytes_are_bounded_whatever_the_sizes() {
        let cache = Bounded::<Vec<u8>>::new(1 << 20, 1_000_000);
        let now = Instant::now();
        for number in 0..10_000 {
            cache.insert(key(number), vec![0; number % 3000], now, TIME);
        }
        let (entries, bytes) = cache.size();
        assert!(bytes <= 1 << 20 && entries > 100, "{entries} entries, {bytes} bytes");
        // One that is larger than all is not kept.
        cache.insert(key(0), vec![0; 2 << 20], now, TIME);
        assert!(cache.size().1 <= 1 << 20);
    }

    #[test]
    fn the_number_of_entries_is_bounded() {
        let cache = Bounded::<Vec<u8>>::new(1 << 20, 50);
        let now = Instant::now();
        for number in 0..1000 {
            cache.insert(key(number), Vec::new(), now, TIME);
        }
        assert!((20..=50).contains(&cache.size().0), "{}", cache.size().0);
    }
}
