//! One time budget for a whole command, whatever it waits for.

use std::future::Future;
use std::time::{Duration, Instant};

/// A point in time at which a command gives up, and the budget that led to it.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    start: Instant,
    budget: Duration,
}

impl Deadline {
    /// The budget of a command that is not told otherwise.
    pub const DEFAULT_BUDGET: Duration = Duration::from_secs(10);

    /// A budget that begins to run now.
    #[must_use]
    pub fn new(budget: Duration) -> Self {
        Self { start: Instant::now(), budget }
    }

    /// The same beginning with another budget.
    #[must_use]
    pub fn with_budget(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }

    /// The whole budget.
    #[must_use]
    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// What is left of it.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.budget.saturating_sub(self.start.elapsed())
    }

    /// Runs `work` for as long as the budget lasts; `None` when it was not enough. When nothing is left of it, `work` is not begun.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let remaining = self.remaining();
        if remaining.is_zero() {
            return None;
        }
        tokio::time::timeout(remaining, work).await.ok()
    }
}
