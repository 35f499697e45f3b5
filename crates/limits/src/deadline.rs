//! The deadline of a command.

use std::future::Future;
use std::time::{Duration, Instant};

/// The point in time at which a command gives up, with the time budget it was derived from.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    start: Instant,
    budget: Duration,
}

impl Deadline {
    /// The default time budget of a command.
    pub const DEFAULT_BUDGET: Duration = Duration::from_secs(10);

    /// Starts a time budget now.
    #[must_use]
    pub fn new(budget: Duration) -> Self {
        Self { start: Instant::now(), budget }
    }

    /// Returns a deadline with the same start and another budget.
    #[must_use]
    pub fn with_budget(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }

    /// Returns the whole budget.
    #[must_use]
    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// Returns the remaining time.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.budget.saturating_sub(self.start.elapsed())
    }

    /// Runs `work` until the deadline, and returns `None` if it did not finish. After the deadline, `work` is not
    /// started.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let remaining = self.remaining();
        if remaining.is_zero() {
            return None;
        }
        tokio::time::timeout(remaining, work).await.ok()
    }
}
