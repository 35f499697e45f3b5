//! Work that is done once for all who wait for it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::key::Key;
use super::progress::{Progress, Seen};
use crate::trace;

/// The work under way, by what it is for. It runs in tasks of its own: it does not end with the request that began it,
/// whose time may be shorter than that of the others.
#[derive(Debug)]
pub struct Flights<V> {
    running: Arc<Mutex<HashMap<Key, Running<V>>>>,
}

/// One work under way.
#[derive(Debug)]
struct Running<V> {
    result: watch::Receiver<Option<V>>,
    progress: Arc<Progress>,
}

impl<V> Clone for Running<V> {
    fn clone(&self) -> Self {
        Self { result: self.result.clone(), progress: Arc::clone(&self.progress) }
    }
}

impl<V> Default for Flights<V> {
    fn default() -> Self {
        Self { running: Arc::default() }
    }
}

/// Ends the work in the list, also when it panics.
struct Landing<V> {
    running: Arc<Mutex<HashMap<Key, Running<V>>>>,
    key: Key,
}

impl<V> Drop for Landing<V> {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl<V: Clone + Send + Sync + 'static> Flights<V> {
    /// Waits for the work for this key, which is begun if it is not under way. `None` if it panicked. The second value
    /// says whether another had begun it.
    ///
    /// `begin` should look for a remembered result first: the work may have ended just before.
    pub async fn join<F>(&self, key: Key, begin: impl FnOnce() -> F) -> (Option<V>, bool)
    where
        F: Future<Output = V> + Send + 'static,
    {
        let (Running { mut result, progress }, is_shared) = self.watch(key, begin);
        Progress::waits_for(&progress);
        let value = match result.wait_for(Option::is_some).await {
            Ok(value) => value.clone(),
            // The sender is gone without a value.
            Err(_) => None,
        };
        (value, is_shared)
    }

    /// Begins the work for this key unless it is under way, and waits for nothing.
    pub fn start<F>(&self, key: Key, begin: impl FnOnce() -> F)
    where
        F: Future<Output = V> + Send + 'static,
    {
        let _ = self.watch(key, begin);
    }

    /// What is known of the work for this key; nothing if it is not under way.
    #[must_use]
    pub fn seen(&self, key: &Key) -> Seen {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        running.map(|running| running.progress.seen()).unwrap_or_default()
    }

    fn watch<F>(&self, key: Key, begin: impl FnOnce() -> F) -> (Running<V>, bool)
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = running.get(&key) {
            return (known.clone(), true);
        }
        let work = begin();
        let (sender, result) = watch::channel(None);
        let new = Running { result, progress: Arc::default() };
        running.insert(key, new.clone());
        // Its end takes the lock.
        drop(running);
        let landing = Landing { running: Arc::clone(&self.running), key };
        // In the trace of the request that begins it.
        let progress = Arc::clone(&new.progress);
        tokio::spawn(trace::carried(async move {
            let value = progress.of(work).await;
            // First the list, then the waiters: who comes now looks for the remembered result.
            drop(landing);
            let _ = sender.send(Some(value));
        }));
        (new, false)
    }

    /// How much work is under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether no work is under way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::*;

    fn key(name: &str) -> Key {
        Key::of(name).key()
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_done_once_for_all_who_wait() {
        let flights = Arc::new(Flights::default());
        let done = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..200)
            .map(|_| {
                let (flights, done) = (Arc::clone(&flights), Arc::clone(&done));
                tokio::spawn(async move {
                    let work = || async move {
                        sleep(Duration::from_secs(1)).await;
                        done.fetch_add(1, Ordering::Relaxed)
                    };
                    flights.join(key("a"), work).await
                })
            })
            .collect();
        let mut shared = 0;
        for caller in callers {
            let (value, is_shared) = caller.await.unwrap();
            assert_eq!(value, Some(0));
            shared += usize::from(is_shared);
        }
        assert_eq!((shared, done.load(Ordering::Relaxed), flights.len()), (199, 1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn work_goes_on_when_the_first_caller_gives_up() {
        let flights = Flights::default();
        let slow = || async {
            sleep(Duration::from_secs(2)).await;
            7
        };
        assert!(timeout(Duration::from_secs(1), flights.join(key("a"), slow)).await.is_err());
        let never = || async { unreachable!("it is under way") };
        assert_eq!(flights.join(key("a"), never).await, (Some(7), true));
        assert_eq!(flights.join(key("b"), || async { 8 }).await, (Some(8), false));
    }

    #[tokio::test]
    async fn a_panic_is_told_to_all_and_forgotten() {
        let flights = Flights::<u8>::default();
        let (value, _) = flights.join(key("a"), || async { panic!("on purpose") }).await;
        assert_eq!(value, None);
        assert_eq!(flights.join(key("a"), || async { 1 }).await.0, Some(1));
    }
}
