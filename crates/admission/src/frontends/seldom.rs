//! Messages of the log that are worth one line an hour.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a message is not repeated.
const PAUSE: Duration = Duration::from_secs(3600);

/// The most subjects that are remembered. Beyond it, new ones are not logged until older ones are due again.
const MAX_SUBJECTS: usize = 256;

/// When messages about subjects were last logged.
#[derive(Debug, Default)]
pub struct Seldom(Mutex<HashMap<String, Instant>>);

impl Seldom {
    /// Whether it is time for a message about this subject.
    pub fn is_due(&self, subject: &str, now: Instant) -> bool {
        let is_recent = |last: &Instant| now.saturating_duration_since(*last) < PAUSE;
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(subject).is_some_and(is_recent) {
            return false;
        }
        if last.len() >= MAX_SUBJECTS {
            last.retain(|_, last| is_recent(last));
        }
        if last.len() >= MAX_SUBJECTS {
            return false;
        }
        last.insert(subject.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{MAX_SUBJECTS, PAUSE, Seldom};

    #[test]
    fn a_subject_is_due_once_an_hour() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        assert!(seldom.is_due("a", start) && !seldom.is_due("a", start + PAUSE / 2) && seldom.is_due("b", start));
        assert!(seldom.is_due("a", start + PAUSE) && !seldom.is_due("a", start + PAUSE));
    }

    #[test]
    fn the_number_of_subjects_is_bounded() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        let due = |now| (0..1000).filter(|number| seldom.is_due(&number.to_string(), now)).count();
        assert_eq!(due(start), MAX_SUBJECTS);
        assert_eq!(due(start + PAUSE), MAX_SUBJECTS);
    }
}
