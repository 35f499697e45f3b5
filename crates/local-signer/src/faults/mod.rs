//! Faults on purpose: errors, delays and cut connections, so that clients can test what they do then.
//!
//! The rules of the configuration are tried in their order. Each decides at random, at its own rate, from a sequence
//! that a seed makes repeatable. Delays add up; the first error or cut ends the list.

mod errors;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use fastrand::Rng;

pub use self::errors::{InjectedError, documented, operation};

/// A rule of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The operation that it is about; `None` for every operation.
    pub operation: Option<&'static str>,
    /// The share of calls that it applies to, from 0 to 1.
    pub rate: f64,
    /// Makes the random decisions the same in every run.
    pub seed: Option<u64>,
    /// How long the answer is delayed; zero if it is not.
    pub delay: Duration,
    /// What happens instead of the answer.
    pub outcome: Option<Outcome>,
}

/// What happens instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An error is answered, and the operation does not run.
    Error(InjectedError),
    /// The connection is closed before the operation runs.
    CutRequest,
    /// The operation runs, and the connection is closed in the middle of its answer.
    CutAnswer,
    /// One of the two cuts, at random.
    Cut,
}

/// A fault that happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// How long to wait first.
    pub delay: Duration,
    /// What happens then; `None` if the operation runs and answers. Never [`Outcome::Cut`].
    pub outcome: Option<Outcome>,
}

impl Fault {
    /// The name of the fault in metrics: `error`, `cut` or `delay`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.outcome {
            Some(Outcome::Error(_)) => "error",
            Some(Outcome::Cut | Outcome::CutRequest | Outcome::CutAnswer) => "cut",
            None => "delay",
        }
    }
}

/// The rules with their random sequences.
#[derive(Debug, Default)]
struct Plan(Vec<(Rule, Mutex<Rng>)>);

/// Decides which calls have faults.
#[derive(Debug, Default)]
pub struct Faults(RwLock<Arc<Plan>>);

impl Faults {
    /// Faults by these rules.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        let faults = Self::default();
        faults.set(rules);
        faults
    }

    /// Replaces the rules; their random sequences start anew.
    pub fn set(&self, rules: Vec<Rule>) {
        let with_sequence = |rule: Rule| {
            let sequence = rule.seed.map_or_else(Rng::new, Rng::with_seed);
            (rule, Mutex::new(sequence))
        };
        let plan = Arc::new(Plan(rules.into_iter().map(with_sequence).collect()));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    /// The fault of the next call of an operation, if it has one.
    #[must_use]
    pub fn next(&self, operation: &str) -> Option<Fault> {
        let plan = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let mut fault = None;
        for (rule, sequence) in &plan.0 {
            if rule.operation.is_some_and(|name| name != operation) {
                continue;
            }
            let mut sequence = sequence.lock().unwrap_or_else(PoisonError::into_inner);
            // `f64` is below 1, so that a rate of 1 always applies and a rate of 0 never does.
            if sequence.f64() >= rule.rate {
                continue;
            }
            let fault = fault.get_or_insert(Fault { delay: Duration::ZERO, outcome: None });
            fault.delay = fault.delay.saturating_add(rule.delay);
            fault.outcome = match rule.outcome {
                Some(Outcome::Cut) if sequence.bool() => Some(Outcome::CutRequest),
                Some(Outcome::Cut) => Some(Outcome::CutAnswer),
                outcome => outcome,
            };
            if fault.outcome.is_some() {
                break;
            }
        }
        fault
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn rule(operation: Option<&'static str>, rate: f64, outcome: Option<Outcome>) -> Rule {
        Rule { operation, rate, seed: Some(7), delay: Duration::ZERO, outcome }
    }

    fn error(code: &str) -> Outcome {
        Outcome::Error(InjectedError::of(None, code).unwrap())
    }

    #[test]
    fn rules_apply_to_their_operation_at_their_rate() {
        let throttling = error("ThrottlingException");
        let faults = Faults::new(vec![rule(Some("GetRevocationStatus"), 0.2, Some(throttling))]);
        let hits = (0..10_000).filter(|_| faults.next("GetRevocationStatus").is_some()).count();
        assert!((1_800..2_200).contains(&hits), "{hits}");
        assert_eq!(faults.next("SignPayload"), None);
        let extremes =
            Faults::new(vec![rule(Some("A"), 0.0, Some(throttling)), rule(Some("B"), 1.0, Some(throttling))]);
        assert!((0..1000).all(|_| extremes.next("A").is_none() && extremes.next("B").is_some()));
    }

    #[test]
    fn a_seed_repeats_the_decisions() {
        let decisions = || {
            let faults = Faults::new(vec![rule(None, 0.5, Some(Outcome::Cut))]);
            (0..100).map(|_| faults.next("SignPayload")).collect::<Vec<_>>()
        };
        let first = decisions();
        assert_eq!(first, decisions());
        for outcome in [Outcome::CutRequest, Outcome::CutAnswer] {
            assert!(first.iter().flatten().any(|fault| fault.outcome == Some(outcome)), "{outcome:?}");
        }
        assert!(first.iter().any(Option::is_none));
    }

    #[test]
    fn delays_add_up_until_an_error_ends_the_list() {
        let delay = Rule { delay: Duration::from_millis(200), ..rule(None, 1.0, None) };
        let outcome = error("InternalServiceErrorException");
        let faults = Faults::new(vec![delay.clone(), delay.clone(), rule(None, 1.0, Some(outcome)), delay]);
        let expected = Fault { delay: Duration::from_millis(400), outcome: Some(outcome) };
        assert_eq!(faults.next("SignPayload"), Some(expected));
        faults.set(Vec::new());
        assert_eq!(faults.next("SignPayload"), None);
    }
}
