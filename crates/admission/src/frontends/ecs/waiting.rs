//! Since when deployments wait: what cannot be judged is asked again for a limited time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Since when deployments wait for a decision. What callers say of it can be lost on the way.
#[derive(Debug, Default)]
pub struct Waiting(Mutex<HashMap<String, Instant>>);

impl Waiting {
    /// The most deployments that are remembered; beyond it, only what the caller says counts.
    const MOST: usize = 4096;
    /// How long one is remembered.
    const KEPT: Duration = Duration::from_secs(24 * 3600);

    /// For how long a deployment waits, and remembers it from now on if it is new.
    pub fn since(&self, execution: &str, now: Instant) -> Duration {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = waiting.get(execution) {
            return now.saturating_duration_since(*since);
        }
        if waiting.len() >= Self::MOST {
            waiting.retain(|_, since| now.saturating_duration_since(*since) < Self::KEPT);
        }
        if waiting.len() < Self::MOST {
            waiting.insert(execution.to_owned(), now);
        }
        Duration::ZERO
    }

    /// Forgets a deployment that was decided about.
    pub fn end(&self, execution: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(execution);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_deployment_waits_from_its_first_question_on() {
        let (waiting, start) = (Waiting::default(), Instant::now());
        assert_eq!(waiting.since("a", start), Duration::ZERO);
        let minute = Duration::from_secs(60);
        assert_eq!((waiting.since("a", start + minute), waiting.since("b", start + minute)), (minute, Duration::ZERO));
        waiting.end("a");
        assert_eq!(waiting.since("a", start + minute), Duration::ZERO);
        for number in 0..2 * Waiting::MOST {
            waiting.since(&number.to_string(), start);
        }
        assert_eq!(waiting.0.lock().unwrap().len(), Waiting::MOST);
    }
}
