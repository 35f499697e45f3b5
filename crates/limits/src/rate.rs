//! A limit on the number of calls per second.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Spaces calls evenly, up to a number per second, in the order in which they come. With a burst it is a token bucket:
/// calls that come after a pause need not be spaced.
#[derive(Debug)]
pub struct RateLimit {
    interval: Duration,
    /// How much earlier than its place in an even spacing a call may be made.
    tolerance: Duration,
    /// When an evenly spaced next call would be made.
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// Allows `rate` calls a second.
    #[must_use]
    pub fn per_second(rate: NonZeroU32) -> Self {
        Self::bucket(Duration::from_secs(1) / rate.get(), NonZeroU32::MIN)
    }

    /// A token bucket that holds at most `burst` tokens, is full at the start, and gets one each `interval`.
    #[must_use]
    pub fn bucket(interval: Duration, burst: NonZeroU32) -> Self {
        let tolerance = interval.saturating_mul(burst.get() - 1);
        Self { interval, tolerance, next: Mutex::default() }
    }

    /// How many calls may be made at once now.
    #[must_use]
    pub fn available(&self) -> u32 {
        let now = Instant::now();
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(now).max(now);
        let ahead = next.duration_since(now);
        if ahead > self.tolerance {
            return 0;
        }
        let free = (self.tolerance - ahead).as_secs_f64() / self.interval.as_secs_f64().max(f64::MIN_POSITIVE);
        // A few more than there are nanoseconds in an interval make no difference.
        free as u32 + 1
    }

    /// Waits until the next call may be made. If that is later than `longest` from now, returns false at once, and the
    /// call takes no turn.
    pub async fn wait_at_most(&self, longest: Duration) -> bool {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let even = next.map_or(now, |next| next.max(now));
            let turn = even.checked_sub(self.tolerance).map_or(now, |early| early.max(now));
            if turn.duration_since(now) > longest {
                return false;
            }
            *next = Some(even + self.interval);
            turn
        };
        sleep_until(turn).await;
        true
    }

    /// Counts a call that something else permits, now or at most `longest` from now: later ones wait as if it had taken
    /// a turn. It does not count if the next call waited longer than `longest` then.
    pub fn count(&self, longest: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let even = next.map_or(now, |next| next.max(now)) + self.interval;
        if even.duration_since(now) <= longest.saturating_add(self.tolerance) {
            *next = Some(even);
        }
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
    async fn a_bucket_lets_a_burst_through_after_a_pause() {
        let limit = RateLimit::bucket(Duration::from_millis(50), NonZeroU32::new(40).unwrap());
        assert_eq!(limit.available(), 40);
        let start = Instant::now();
        for _ in 0..40 {
            limit.wait().await;
        }
        assert_eq!((start.elapsed(), limit.available()), (Duration::ZERO, 0));
        for _ in 0..20 {
            limit.wait().await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(1));
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(limit.available(), 40);
    }

    #[tokio::test(start_paused = true)]
    async fn what_something_else_permits_counts_up_to_a_time() {
        let limit = RateLimit::bucket(Duration::from_secs(1), NonZeroU32::new(3).unwrap());
        limit.count(Duration::ZERO);
        assert_eq!(limit.available(), 2);
        for _ in 0..100 {
            limit.count(Duration::from_secs(4));
        }
        assert!(!limit.wait_at_most(Duration::from_millis(3999)).await);
        let start = Instant::now();
        assert!(limit.wait_at_most(Duration::from_secs(4)).await);
        assert_eq!(start.elapsed(), Duration::from_secs(4));
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
