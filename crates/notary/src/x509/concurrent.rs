//! Checking signatures on two threads: those of a chain do not depend on each other, and checking them is most of the
//! time that an unknown signer takes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// A check of one signature.
pub(crate) type Check<'a> = &'a (dyn Fn() -> bool + Sync);

/// Makes the checks, and returns their results in the same order.
pub(super) fn make(checks: &[Check<'_>]) -> Vec<bool> {
    let results: Vec<AtomicBool> = checks.iter().map(|_| AtomicBool::new(false)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((check, result)) = take(&next, checks, &results) {
            result.store(check(), Ordering::Release);
        }
    };
    thread::scope(|scope| {
        // If the system refuses a thread, this one makes all checks.
        if checks.len() > 1 {
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    results.into_iter().map(AtomicBool::into_inner).collect()
}

/// Takes the next check, and the place for its result.
fn take<'a, 'c>(
    next: &AtomicUsize,
    checks: &'a [Check<'c>],
    results: &'a [AtomicBool],
) -> Option<(Check<'c>, &'a AtomicBool)> {
    let position = next.fetch_add(1, Ordering::Relaxed);
    checks.get(position).copied().zip(results.get(position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_checks() {
        let (yes, no) = (|| true, || false);
        for checks in [&[][..], &[&yes as Check], &[&no, &yes], &[&yes, &yes, &no, &yes, &no]] {
            let expected: Vec<bool> = checks.iter().map(|check| check()).collect();
            assert_eq!(make(checks), expected);
        }
    }

    #[test]
    #[should_panic(expected = "the check panicked")]
    fn a_panic_of_a_check_is_not_lost() {
        let panics = || panic!("the check panicked");
        make(&[&panics]);
    }
}
