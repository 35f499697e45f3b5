//! The turn of a request: so many run at a time, so many more wait in the order in which they came, and others are
//! refused at once. A refusal in time lets callers try another replica; a long queue lets all of them time out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// The places of requests.
#[derive(Debug)]
pub(super) struct Gate {
    running: Semaphore,
    waiting: AtomicUsize,
    queue: usize,
}

/// A place. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    _permit: SemaphorePermit<'a>,
}

/// All places are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The queue, too.
    Queue,
    /// The request waited as long as it could.
    Waited,
}

impl Gate {
    /// `concurrent` requests run, and `queue` more wait.
    pub(super) fn new(concurrent: usize, queue: usize) -> Self {
        let running = Semaphore::new(concurrent.clamp(1, Semaphore::MAX_PERMITS));
        Self { running, waiting: AtomicUsize::new(0), queue }
    }

    /// Waits for a place, at most so long.
    pub(super) async fn enter(&self, longest: Duration) -> Result<Place<'_>, Full> {
        // While requests wait, the semaphore gives free places to them, and this fails.
        if let Ok(permit) = self.running.try_acquire() {
            return Ok(Place { _permit: permit });
        }
        let _queued = Queued::enter(self).ok_or(Full::Queue)?;
        match tokio::time::timeout(longest, self.running.acquire()).await {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Full::Waited),
        }
    }
}

/// A place in the queue.
struct Queued<'a>(&'a Gate);

impl<'a> Queued<'a> {
    fn enter(gate: &'a Gate) -> Option<Self> {
        let queued = Self(gate);
        // The guard undoes the count if the queue is full.
        (gate.waiting.fetch_add(1, Ordering::Relaxed) < gate.queue).then_some(queued)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::sync::Arc;

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_run_in_the_order_in_which_they_came() {
        let gate = Arc::new(Gate::new(1, 10));
        let first = gate.enter(Duration::ZERO).await.unwrap();
        let (send, mut receive) = mpsc::unbounded_channel();
        for number in 0..10 {
            let (gate, send) = (Arc::clone(&gate), send.clone());
            tokio::spawn(async move {
                let _place = gate.enter(Duration::from_secs(1)).await.unwrap();
                send.send(number).unwrap();
            });
            // Each is in the queue before the next begins.
            tokio::task::yield_now().await;
        }
        assert_eq!(gate.enter(Duration::from_secs(1)).await.unwrap_err(), Full::Queue);
        drop(first);
        for number in 0..10 {
            assert_eq!(receive.recv().await, Some(number));
        }
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
        gate.enter(Duration::ZERO).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_as_long_as_it_can_and_leaves_the_queue() {
        let gate = Gate::new(1, 1);
        let place = gate.enter(Duration::ZERO).await.unwrap();
        assert_eq!(gate.enter(Duration::from_secs(6)).await.unwrap_err(), Full::Waited);
        assert_eq!(gate.enter(Duration::from_secs(6)).await.unwrap_err(), Full::Waited);
        drop(place);
        gate.enter(Duration::ZERO).await.unwrap();
    }

    #[tokio::test]
    async fn a_caller_that_goes_leaves_the_queue() {
        let gate = Gate::new(1, 1);
        let _place = gate.enter(Duration::ZERO).await.unwrap();
        for _ in 0..3 {
            let waiting = gate.enter(Duration::from_secs(60));
            assert!(tokio::time::timeout(Duration::from_millis(1), waiting).await.is_err());
        }
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
    }
}
