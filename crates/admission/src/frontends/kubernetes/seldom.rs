//! Messages of the log that are worth one line an hour.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a message is not repeated.
const PAUSE: Duration = Duration::from_secs(3600);

/// The most subjects that are remembered. Beyond it, new ones are not logged until older ones are due again.
const MAX_SUBJECTS: usize = 256;

/// When messages about subjects were last logged.
#[derive(Debug, Default)]
struct Seldom {
    last: HashMap<String, Instant>,
}

/// Logs that objects of a kind are not judged, once an hour for each kind.
pub(super) fn log_unjudged(kind: &str) {
    static LOGGED: LazyLock<Mutex<Seldom>> = LazyLock::new(Mutex::default);
    let is_due = LOGGED.lock().unwrap_or_else(PoisonError::into_inner).is_due(kind, Instant::now());
    if is_due {
        tracing::warn!(kind, "objects of this kind are not judged; remove it from the webhook's rules");
    }
}

impl Seldom {
    fn is_due(&mut self, subject: &str, now: Instant) -> bool {
        let is_recent = |last: &Instant| now.saturating_duration_since(*last) < PAUSE;
        if self.last.get(subject).is_some_and(is_recent) {
            return false;
        }
        if self.last.len() >= MAX_SUBJECTS {
            self.last.retain(|_, last| is_recent(last));
        }
        if self.last.len() >= MAX_SUBJECTS {
            return false;
        }
        self.last.insert(subject.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{MAX_SUBJECTS, PAUSE, Seldom};

    #[test]
    fn a_subject_is_due_once_an_hour() {
        let (mut seldom, start) = (Seldom::default(), Instant::now());
        assert!(seldom.is_due("a", start) && !seldom.is_due("a", start + PAUSE / 2) && seldom.is_due("b", start));
        assert!(seldom.is_due("a", start + PAUSE) && !seldom.is_due("a", start + PAUSE));
    }

    #[test]
    fn the_number_of_subjects_is_bounded() {
        let (mut seldom, start) = (Seldom::default(), Instant::now());
        let due = |seldom: &mut Seldom, now| (0..1000).filter(|number| seldom.is_due(&number.to_string(), now)).count();
        assert_eq!(due(&mut seldom, start), MAX_SUBJECTS);
        assert_eq!(due(&mut seldom, start + PAUSE), MAX_SUBJECTS);
        assert_eq!(seldom.last.len(), MAX_SUBJECTS);
    }
}
