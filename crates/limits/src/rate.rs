//! A limit on the number of calls per second.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Spaces calls evenly, up to a number per second, in the order in which they come.
#[derive(Debug)]
pub struct RateLimit {
    interval: Duration,
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// Allows `rate` calls a second.
    #[must_use]
    pub fn per_second(rate: NonZeroU32) -> Self {
        Self { interval: Duration::from_secs(1) / rate.get(), next: Mutex::default() }
    }

    /// Waits until the next call may be made. If that is later than `longest` from now, returns false at once, and the
    /// call takes no turn.
    pub async fn wait_at_most(&self, longest: Duration) -> bool {
        let turn = {
            let mut next = self.next.lock().await;
            let now = Instant::now();
            let turn = next.map_or(now, |next| next.max(now));
            if turn.duration_since(now) > longest {
                return false;
            }
            *next = Some(turn + self.interval);
            turn
        };
        sleep_until(turn).await;
        true
    }

    /// Waits until the next call may be made.
    pub async fn wait(&self) {
        self.wait_at_most(Duration::MAX).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn spaces_calls_evenly() {
        let limit = RateLimit::per_second(NonZeroU32::new(25).unwrap());
        let start = Instant::now();
        for _ in 0..51 {
            limit.wait().await;
        }
        assert_eq!(start.elapsed().as_millis(), 2000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_would_wait_too_long_takes_no_turn() {
        let limit = RateLimit::per_second(NonZeroU32::MIN);
        limit.wait().await;
        assert!(!limit.wait_at_most(Duration::from_millis(999)).await);
        let start = Instant::now();
        assert!(limit.wait_at_most(Duration::from_secs(1)).await);
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }
}
