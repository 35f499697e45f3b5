//! Quotas: how many calls of an operation an account may make in a region within a second ("Quotas" in the Developer
//! Guide: 5 for `StartSigningJob`, 25 for every other operation).
//!
//! A second starts with the first call in it. Further calls than the quota allows are refused until it ends, without
//! an effect. Off unless the configuration enables them: a test should be as fast as it can be.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_names::Location;

use crate::model::Quota;

const SECOND: Duration = Duration::from_secs(1);
/// The quota of the class [`Quota::SigningJobs`].
const SIGNING_JOBS: u32 = 5;
/// How many regions and operations of an account are counted at a time: AWS has about 50 regions, each with 19
/// operations. Calls beyond are refused, so that a caller who makes up regions uses up only its own quota.
const MAX_WINDOWS: usize = 2000;
/// The number of accounts above which those without a call in the last second are forgotten.
const MANY_ACCOUNTS: usize = 1000;

/// The quotas of the configuration, in calls per account, region and second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Whether quotas apply.
    pub enabled: bool,
    /// The quota of operations of the class [`Quota::Standard`] without one of their own.
    pub default: u32,
    /// The quotas of single operations.
    pub operations: BTreeMap<&'static str, u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { enabled: false, default: 25, operations: BTreeMap::new() }
    }
}

impl Limits {
    /// The quota of an operation of this class.
    #[must_use]
    pub fn of(&self, operation: &str, class: Quota) -> u32 {
        let of_class = match class {
            Quota::Standard => self.default,
            Quota::SigningJobs => SIGNING_JOBS,
        };
        self.operations.get(operation).copied().unwrap_or(of_class)
    }
}

/// A call was refused because the quota of its operation is used up.
///
/// The error is `TooManyRequestsException` for every operation: all document it, and it "supersedes" the
/// `ThrottlingException` that `StartSigningJob` also documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Rate exceeded")]
pub struct Throttled;

/// The calls of the current second.
#[derive(Debug)]
struct Window {
    start: Instant,
    calls: u32,
}

impl Window {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.start) >= SECOND
    }
}

type Windows = HashMap<(Location, &'static str), Window>;

#[derive(Debug, Default)]
struct State {
    limits: Limits,
    accounts: HashMap<String, Windows>,
}

/// Counts calls and refuses those beyond the quotas.
#[derive(Debug, Default)]
pub struct Quotas(Mutex<State>);

impl Quotas {
    /// Quotas with these limits, of which nothing is used.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self(Mutex::new(State { limits, accounts: HashMap::new() }))
    }

    /// Replaces the limits. Calls of the current second still count.
    pub fn set(&self, limits: Limits) {
        self.state().limits = limits;
    }

    /// Counts a call of the account and region at `caller`.
    ///
    /// # Errors
    /// Returns [`Throttled`] if the quota of this second is used up.
    pub fn take(&self, operation: &'static str, class: Quota, caller: &Location) -> Result<(), Throttled> {
        self.take_at(operation, class, caller, Instant::now())
    }

    fn take_at(&self, operation: &'static str, class: Quota, caller: &Location, now: Instant) -> Result<(), Throttled> {
        let mut state = self.state();
        if !state.limits.enabled {
            return Ok(());
        }
        let quota = state.limits.of(operation, class);
        if state.accounts.len() >= MANY_ACCOUNTS {
            state.accounts.retain(|_, windows| windows.values().any(|window| !window.is_over(now)));
        }
        let windows = state.accounts.entry(caller.account().to_string()).or_default();
        if windows.len() >= MAX_WINDOWS {
            windows.retain(|_, window| !window.is_over(now));
        }
        let key = (caller.clone(), operation);
        if windows.len() >= MAX_WINDOWS && !windows.contains_key(&key) {
            return Err(Throttled);
        }
        let window = windows.entry(key).or_insert(Window { start: now, calls: 0 });
        if window.is_over(now) {
            *window = Window { start: now, calls: 0 };
        }
        if window.calls >= quota {
            return Err(Throttled);
        }
        window.calls += 1;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Counters are consistent after every statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn at(region: &str, account: &str) -> Location {
        Location::new(region.parse().unwrap(), account.parse().unwrap())
    }

    fn enabled() -> Quotas {
        Quotas::new(Limits { enabled: true, ..Limits::default() })
    }

    #[test]
    fn each_account_region_and_operation_has_its_own_quota_per_second() {
        let quotas = enabled();
        let start = Instant::now();
        let here = at("us-west-2", "111122223333");
        let accepted = |operation, caller: &Location, at: Instant| {
            let class = if operation == "StartSigningJob" { Quota::SigningJobs } else { Quota::Standard };
            (0..100).filter(|_| quotas.take_at(operation, class, caller, at).is_ok()).count()
        };
        assert_eq!(accepted("StartSigningJob", &here, start), 5);
        assert_eq!(accepted("SignPayload", &here, start), 25);
        assert_eq!(accepted("SignPayload", &at("eu-central-1", "111122223333"), start), 25);
        assert_eq!(accepted("SignPayload", &at("us-west-2", "444455556666"), start), 25);
        assert_eq!(accepted("SignPayload", &here, start + Duration::from_millis(999)), 0);
        assert_eq!(accepted("SignPayload", &here, start + SECOND), 25);
    }

    #[test]
    fn quotas_are_off_unless_enabled_and_can_be_replaced() {
        let quotas = Quotas::default();
        let here = at("us-west-2", "111122223333");
        assert!((0..1000).all(|_| quotas.take("SignPayload", Quota::Standard, &here).is_ok()));
        let operations = BTreeMap::from([("SignPayload", 2)]);
        quotas.set(Limits { enabled: true, default: 1, operations });
        let now = Instant::now();
        assert_eq!((0..9).filter(|_| quotas.take_at("SignPayload", Quota::Standard, &here, now).is_ok()).count(), 2);
        assert_eq!(
            (0..9).filter(|_| quotas.take_at("GetSigningProfile", Quota::Standard, &here, now).is_ok()).count(),
            1
        );
    }

    #[test]
    fn a_caller_who_makes_up_regions_uses_bounded_memory_and_no_other_accounts_quota() {
        let quotas = enabled();
        let now = Instant::now();
        let accepted = (0..10_000).filter(|i| {
            quotas.take_at("SignPayload", Quota::Standard, &at(&format!("us-west-{i}"), "111122223333"), now).is_ok()
        });
        assert_eq!(accepted.count(), MAX_WINDOWS);
        quotas.take_at("SignPayload", Quota::Standard, &at("us-west-2", "444455556666"), now).unwrap();
        quotas.take_at("SignPayload", Quota::Standard, &at("us-west-9999", "111122223333"), now + SECOND).unwrap();
        assert_eq!(quotas.state().accounts["111122223333"].len(), 1);
    }
}
