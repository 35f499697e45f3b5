//! A cache whose values are fetched once although many callers want them at the same time, for each key independently:
//! a service that hangs delays only those who want its answer.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// The most values that are kept. A process that needs more fetches some of them again.
const MAX_VALUES: usize = 4096;

/// The cached values, and a lock for each key whose value is being fetched.
#[derive(Debug)]
pub struct SharedCache<K, V> {
    values: Mutex<Values<K, V>>,
    /// The most that all values may weigh together.
    capacity: usize,
    weigh: fn(&K, &V) -> usize,
    turns: Mutex<HashMap<K, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Debug)]
struct Values<K, V> {
    map: HashMap<K, V>,
    weight: usize,
}

/// The turn to fetch the value of a key. The next caller has it when this is dropped.
#[derive(Debug)]
pub struct Turn {
    _guard: OwnedMutexGuard<()>,
}

impl<K, V> Default for SharedCache<K, V> {
    fn default() -> Self {
        Self::weighing(MAX_VALUES, |_, _| 1)
    }
}

impl<K, V> SharedCache<K, V> {
    /// A cache whose values weigh at most `capacity` together. A value alone that weighs more is not kept.
    #[must_use]
    pub fn weighing(capacity: usize, weigh: fn(&K, &V) -> usize) -> Self {
        let values = Mutex::new(Values { map: HashMap::new(), weight: 0 });
        Self { values, capacity, weigh, turns: Mutex::default() }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> SharedCache<K, V> {
    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<V> {
        lock(&self.values).map.get(key).cloned()
    }

    /// Stores the value of a key. If there is no room, all others are dropped.
    pub fn insert(&self, key: K, value: V) {
        let weight = (self.weigh)(&key, &value);
        let mut values = lock(&self.values);
        values.remove(&key, self.weigh);
        if weight > self.capacity {
            return;
        }
        if weight > self.capacity - values.weight {
            values.map.clear();
            values.weight = 0;
        }
        values.map.insert(key, value);
        values.weight += weight;
    }

    /// Removes the value of a key.
    pub fn remove(&self, key: &K) {
        lock(&self.values).remove(key, self.weigh);
    }

    /// Waits until no other caller fetches the value of this key. Look for the value again then.
    pub async fn turn(&self, key: &K) -> Turn {
        let turn = {
            let mut turns = lock(&self.turns);
            // Those that only this map holds are not in use. New ones are only given out here, under the lock of the
            // map.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(key.clone()).or_default())
        };
        Turn { _guard: turn.lock_owned().await }
    }
}

impl<K: Eq + Hash, V> Values<K, V> {
    fn remove(&mut self, key: &K, weigh: fn(&K, &V) -> usize) {
        if let Some((key, value)) = self.map.remove_entry(key) {
            self.weight -= weigh(&key, &value);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::*;

    /// The value of a key, fetched in one second.
    async fn value(cache: &SharedCache<&'static str, usize>, key: &'static str, fetched: &AtomicUsize) -> usize {
        let _turn = cache.turn(&key).await;
        if let Some(known) = cache.get(&key) {
            return known;
        }
        sleep(Duration::from_secs(1)).await;
        let value = fetched.fetch_add(1, Ordering::Relaxed);
        cache.insert(key, value);
        value
    }

    #[tokio::test(start_paused = true)]
    async fn fetches_once_for_all_callers_of_a_key() {
        let cache = Arc::new(SharedCache::default());
        let fetched = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..20)
            .map(|_| {
                let cache = Arc::clone(&cache);
                let fetched = Arc::clone(&fetched);
                tokio::spawn(async move { value(&cache, "a", &fetched).await })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap(), 0);
        }
        assert_eq!(fetched.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn callers_of_other_keys_do_not_wait() {
        let cache = SharedCache::default();
        let fetched = AtomicUsize::new(0);
        let _hanging = cache.turn(&"a").await;
        assert!(timeout(Duration::from_secs(10), value(&cache, "a", &fetched)).await.is_err());
        assert!(timeout(Duration::from_secs(2), value(&cache, "b", &fetched)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_abandoned_fetch_passes_its_turn_on() {
        let cache = SharedCache::default();
        let fetched = AtomicUsize::new(0);
        assert!(timeout(Duration::from_millis(1), value(&cache, "a", &fetched)).await.is_err());
        assert_eq!(value(&cache, "a", &fetched).await, 0);
        assert_eq!(lock(&cache.turns).len(), 1);
        drop(cache.turn(&"b").await);
        assert_eq!(lock(&cache.turns).len(), 1);
    }

    #[tokio::test]
    async fn keeps_a_bounded_number_of_values() {
        let cache = SharedCache::default();
        for key in 0..3 * MAX_VALUES {
            cache.insert(key, key);
        }
        assert!(lock(&cache.values).map.len() <= MAX_VALUES);
        assert_eq!(cache.get(&(3 * MAX_VALUES - 1)), Some(3 * MAX_VALUES - 1));
    }

    #[tokio::test]
    async fn keeps_values_of_a_bounded_weight() {
        let cache = SharedCache::weighing(100, |_, value: &String| value.len());
        for key in 0..1000 {
            cache.insert(key % 30, "x".repeat(key % 7));
            let values = lock(&cache.values);
            assert_eq!(values.weight, values.map.values().map(String::len).sum::<usize>());
            assert!(values.weight <= 100);
        }
        cache.insert(1, "x".repeat(100));
        assert_eq!(lock(&cache.values).map.len(), 1);
        // What does not fit replaces nothing but the value of its own key, which is outdated.
        cache.insert(2, "x".repeat(101));
        assert!(cache.get(&1).is_some() && cache.get(&2).is_none());
        cache.insert(1, "x".repeat(101));
        assert_eq!((cache.get(&1), lock(&cache.values).weight), (None, 0));
    }
}
