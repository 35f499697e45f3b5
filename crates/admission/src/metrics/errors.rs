//! The requests to other services that failed in the last minutes, for the status page. The counters of
//! `upstream_requests_total` say how many there were since the start; a reader of the page wants to know about now.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime};

/// The minutes that count, with the one that is not over.
const MINUTES: usize = 15;

/// The service, the operation and the status.
type Kind = (&'static str, &'static str, &'static str);

/// Failed requests of one kind.
#[derive(Debug, Clone, Copy)]
pub struct UpstreamErrors {
    /// The service.
    pub upstream: &'static str,
    /// What it was asked for.
    pub operation: &'static str,
    /// The status, or `timeout`, or `failed`.
    pub code: &'static str,
    /// How many in the last 15 minutes.
    pub count: u64,
    /// When the last one was.
    pub last: SystemTime,
}

/// The failed requests. Only they take the lock.
#[derive(Debug)]
pub struct Errors {
    start: Instant,
    kinds: Mutex<BTreeMap<Kind, Minutes>>,
}

#[derive(Debug, Clone, Copy)]
struct Minutes {
    /// By the minute since the start, modulo [`MINUTES`].
    counts: [u32; MINUTES],
    /// The minute of the last one.
    minute: u64,
    last: SystemTime,
}

impl Errors {
    pub fn new() -> Self {
        Self { start: Instant::now(), kinds: Mutex::default() }
    }

    pub fn add(&self, kind: Kind) {
        let minute = self.minute();
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let minutes = kinds.entry(kind).or_insert(Minutes { counts: [0; MINUTES], minute, last: SystemTime::now() });
        minutes.advance(minute);
        let count = &mut minutes.counts[place(minute)];
        *count = count.saturating_add(1);
        minutes.last = SystemTime::now();
    }

    /// Those of the last minutes.
    pub fn recent(&self) -> Vec<UpstreamErrors> {
        self.recent_at(self.minute())
    }

    fn recent_at(&self, minute: u64) -> Vec<UpstreamErrors> {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let errors = kinds.iter().map(|((upstream, operation, code), minutes)| {
            let mut minutes = *minutes;
            minutes.advance(minute);
            let count = minutes.counts.iter().map(|count| u64::from(*count)).sum();
            UpstreamErrors { upstream, operation, code, count, last: minutes.last }
        });
        errors.filter(|errors| errors.count > 0).collect()
    }

    fn minute(&self) -> u64 {
        self.start.elapsed().as_secs() / 60
    }
}

impl Minutes {
    /// Forgets the minutes that are over for too long.
    fn advance(&mut self, now: u64) {
        for passed in (self.minute + 1..=now).take(MINUTES) {
            self.counts[place(passed)] = 0;
        }
        self.minute = self.minute.max(now);
    }
}

fn place(minute: u64) -> usize {
    usize::try_from(minute % MINUTES as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_count_for_fifteen_minutes() {
        let errors = Errors::new();
        for _ in 0..3 {
            errors.add(("signer", "revocation", "429"));
        }
        errors.add(("registry", "resolve", "timeout"));
        let counts =
            |minute| errors.recent_at(minute).iter().map(|errors| (errors.code, errors.count)).collect::<Vec<_>>();
        let all = vec![("timeout", 1), ("429", 3)];
        assert_eq!((counts(0), counts(14)), (all.clone(), all));
        assert_eq!((counts(15), counts(1_000_000)), (Vec::new(), Vec::new()));
    }
}
