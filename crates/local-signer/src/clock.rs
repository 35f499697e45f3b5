//! The signing clock: the time at which the local signer says that it signs.
//!
//! It runs as fast as the real clock and may be set to another time, so that signatures that have expired, or certificates
//! that are not valid yet, can be made without waiting. It never judges requests: Signature Version 4 dates are compared
//! with the real clock, as every AWS SDK expects.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// The times at which the certificate authority's certificates are valid, and so those that a [`Clock`] may start at.
///
/// The authority is created once and then serves every clock that its directory is started with, so its certificates
/// cannot depend on the time of their creation: a signature of eleven years ago must find its root valid.
pub const EARLIEST: OffsetDateTime = datetime!(2000-01-01 00:00:00 UTC);
/// See [`EARLIEST`].
pub const LATEST: OffsetDateTime = datetime!(2099-12-31 23:59:59 UTC);

/// Why a clock cannot be set to a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signing clock cannot start at {0}: the local certificates are valid from {EARLIEST} to {LATEST}")]
pub struct ClockError(pub OffsetDateTime);

/// A clock that runs a fixed distance before or behind the real one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clock {
    offset: Duration,
}

impl Clock {
    /// The real time.
    #[must_use]
    pub const fn system() -> Self {
        Self { offset: Duration::ZERO }
    }

    /// A clock that shows `time` now and runs on from there.
    ///
    /// # Errors
    /// [`ClockError`] when the certificates of the local signer are not valid then.
    pub fn starting_at(time: OffsetDateTime) -> Result<Self, ClockError> {
        // A year is left at either end: the leaf's validity reaches past the present, and the clock runs on.
        if time < EARLIEST + Duration::days(366) || time > LATEST - Duration::days(366) {
            return Err(ClockError(time));
        }
        Ok(Self { offset: time - OffsetDateTime::now_utc() })
    }

    /// The time that this clock shows, in UTC.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.offset
    }

    /// Whether this is the real time.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.offset.is_zero()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_clock_that_was_set_runs_on_from_there() {
        let start = datetime!(2020-02-29 12:00:00 UTC);
        let clock = Clock::starting_at(start).unwrap();
        let first = clock.now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let second = clock.now();
        assert!(first >= start && first < start + Duration::minutes(1), "{first}");
        assert!(second > first);
        assert!(!clock.is_system());
    }

    #[test]
    fn the_system_clock_shows_the_real_time() {
        assert!((Clock::system().now() - OffsetDateTime::now_utc()).abs() < Duration::seconds(5));
        assert!(Clock::default().is_system());
    }

    #[test]
    fn a_clock_cannot_start_where_no_certificate_is_valid() {
        for time in [datetime!(1999-12-31 23:00:00 UTC), datetime!(2100-01-01 00:00:00 UTC)] {
            assert_eq!(Clock::starting_at(time), Err(ClockError(time)));
        }
    }
}
