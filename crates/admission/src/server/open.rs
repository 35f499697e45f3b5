//! The open connections. When there are too many, a new one takes the place of the one that has been idle for the
//! longest time: connections that are held open and not used cannot keep callers out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// What a connection does.
#[derive(Debug)]
pub(super) struct Activity {
    epoch: Instant,
    running: AtomicUsize,
    started: AtomicU64,
    abandoned: AtomicU64,
    idle_since: AtomicU64,
    /// The answers that the client has not taken, in bytes, and how many it has taken.
    unsent: AtomicUsize,
    taken: AtomicU64,
    /// Whether it ends after the next answer.
    pub(super) closing: AtomicBool,
    /// Ends it at once.
    pub(super) cut: Notify,
}

/// How many requests a connection may abandon before the number is compared with those that were answered.
const ABANDONED: u64 = 100;
/// The most bytes of answers that a client may leave.
const UNSENT: usize = 8 * 1024 * 1024;

impl Activity {
    fn new(epoch: Instant) -> Self {
        let activity = Self {
            epoch,
            running: AtomicUsize::new(0),
            started: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
            idle_since: AtomicU64::new(0),
            unsent: AtomicUsize::new(0),
            taken: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            cut: Notify::new(),
        };
        activity.idle_now();
        activity
    }

    fn idle_now(&self) {
        let now = u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.idle_since.store(now, Ordering::Relaxed);
    }

    /// For how long no request has run.
    pub(super) fn idle_for(&self) -> Duration {
        if !self.is_idle() {
            return Duration::ZERO;
        }
        let since = Duration::from_millis(self.idle_since.load(Ordering::Relaxed));
        self.epoch.elapsed().saturating_sub(since)
    }

    /// Whether no request runs.
    pub(super) fn is_idle(&self) -> bool {
        self.running.load(Ordering::Relaxed) == 0
    }

    /// How many requests have begun.
    pub(super) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// A request begins.
    pub(super) fn begin(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    /// A request ends. One that its client abandoned costs the client nothing: a connection on which most are is cut,
    /// also when HTTP/2's own limit on resets does not see them because they had begun.
    pub(super) fn end(&self, is_answered: bool) {
        if self.running.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.idle_now();
        }
        if !is_answered {
            let abandoned = self.abandoned.fetch_add(1, Ordering::Relaxed) + 1;
            if abandoned > ABANDONED && abandoned * 2 > self.started() {
                self.cut.notify_one();
            }
        }
    }
}

impl Activity {
    /// The number of answers that the client has taken, if others wait for it.
    pub(super) fn stalled(&self) -> Option<u64> {
        (self.unsent.load(Ordering::Relaxed) > 0).then(|| self.taken.load(Ordering::Relaxed))
    }
}

/// An answer until the client takes it. HTTP/2 keeps it in memory for so long, without a limit for the connection.
pub(super) struct Unsent {
    bytes: Vec<u8>,
    activity: Arc<Activity>,
}

impl Unsent {
    /// Counts an answer. A connection whose client takes none is cut.
    pub(super) fn new(bytes: Vec<u8>, activity: Arc<Activity>) -> Self {
        if activity.unsent.fetch_add(bytes.len(), Ordering::Relaxed) > UNSENT {
            activity.cut.notify_one();
        }
        Self { bytes, activity }
    }
}

impl AsRef<[u8]> for Unsent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        self.activity.unsent.fetch_sub(self.bytes.len(), Ordering::Relaxed);
        self.activity.taken.fetch_add(1, Ordering::Relaxed);
    }
}

/// The open connections.
#[derive(Debug)]
pub(super) struct Table {
    epoch: Instant,
    most: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    open: HashMap<u64, Arc<Activity>>,
}

/// A connection in the table. It leaves it when this is dropped.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    table: &'a Table,
    id: u64,
    pub(super) activity: Arc<Activity>,
}

impl Table {
    /// A table of at most so many connections.
    pub(super) fn new(most: usize) -> Self {
        Self { epoch: Instant::now(), most, entries: Mutex::default() }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection, if need be in place of another. `None` if requests run on all others.
    pub(super) fn add(&self) -> Option<Entry<'_>> {
        let activity = Arc::new(Activity::new(self.epoch));
        let mut entries = self.entries();
        if entries.open.len() >= self.most && !entries.close_idle() {
            return None;
        }
        let id = entries.next;
        entries.next += 1;
        entries.open.insert(id, Arc::clone(&activity));
        Some(Entry { table: self, id, activity })
    }

    /// Closes the connection that has been idle for the longest time.
    pub(super) fn close_idle(&self) -> bool {
        self.entries().close_idle()
    }
}

impl Entries {
    fn close_idle(&mut self) -> bool {
        let idle = self.open.iter().filter(|(_, activity)| activity.is_idle());
        let oldest = idle.min_by_key(|(id, activity)| (activity.idle_since.load(Ordering::Relaxed), **id));
        let Some(id) = oldest.map(|(id, _)| *id) else { return false };
        if let Some(activity) = self.open.remove(&id) {
            activity.cut.notify_one();
        }
        true
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.table.entries().open.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[tokio::test]
    async fn a_new_connection_takes_the_place_of_the_one_that_was_idle_longest() {
        let table = Table::new(2);
        let first = table.add().unwrap();
        let second = table.add().unwrap();
        first.activity.begin();
        let third = table.add().unwrap();
        second.activity.cut.notified().await;
        third.activity.begin();
        assert!(table.add().is_none());
        first.activity.end(true);
        drop(table.add().unwrap());
        first.activity.cut.notified().await;
        drop((first, second, third));
        assert!(table.entries().open.is_empty());
    }

    #[tokio::test]
    async fn a_connection_that_abandons_most_of_its_requests_is_cut() {
        let table = Table::new(1);
        let entry = table.add().unwrap();
        for round in 0..=2 * ABANDONED {
            entry.activity.begin();
            entry.activity.end(round % 2 == 0);
        }
        let cut = tokio::time::timeout(Duration::ZERO, entry.activity.cut.notified());
        assert!(cut.await.is_err(), "half were answered");
        for _ in 0..2 {
            entry.activity.begin();
            entry.activity.end(false);
        }
        entry.activity.cut.notified().await;
    }
}
