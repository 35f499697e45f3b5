//! The time that the caches go by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// The machine's clock, which a test can set forward. Clones show the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// How far it was set forward, in nanoseconds.
    ahead: Arc<AtomicU64>,
}

impl Clock {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::now() + self.ahead()
    }

    /// Now, as calendars have it.
    #[must_use]
    pub fn utc(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.ahead()
    }

    /// The time of calendars at `instant`, which is not in the future.
    #[must_use]
    pub fn utc_at(&self, instant: Instant) -> OffsetDateTime {
        self.utc() - self.now().saturating_duration_since(instant)
    }

    /// Sets the clock forward.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn ahead(&self) -> Duration {
        Duration::from_nanos(self.ahead.load(Ordering::Relaxed))
    }
}
