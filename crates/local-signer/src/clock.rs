//! The signing clock: the source of the authentic signing time of local signatures.
//!
//! It can be set to another time to produce expired signatures or certificates that are not valid yet without waiting,
//! and runs on from there. Signature Version 4 dates of requests are always compared with the real clock, as every AWS
//! SDK expects.

use notary::text::rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// The start of the validity of the certificate authority's certificates, and the earliest time of a [`Clock`].
///
/// The authority is created once and then used with every clock its directory is started with, so the validity of its
/// certificates cannot depend on when they were created: the root must be valid for a signature of eleven years ago.
pub const EARLIEST: OffsetDateTime = datetime!(2000-01-01 00:00:00 UTC);
/// The end of the validity; see [`EARLIEST`].
pub const LATEST: OffsetDateTime = datetime!(2099-12-31 23:59:59 UTC);

/// The start time of a clock is outside the supported range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signing clock cannot start at {}; it can start from {} to {}", rfc3339(*.0), rfc3339(first()), rfc3339(last()))]
pub struct ClockError(pub OffsetDateTime);

/// One year of margin at both ends: the validity of a leaf extends beyond the current time, and the clock runs on.
const MARGIN: Duration = Duration::days(366);

/// The first time at which a clock can start.
fn first() -> OffsetDateTime {
    EARLIEST + MARGIN
}

/// The last time at which a clock can start.
fn last() -> OffsetDateTime {
    LATEST - MARGIN
}

/// A clock with a fixed offset from the real one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clock {
    offset: Duration,
}

impl Clock {
    /// Creates a clock that shows the real time.
    #[must_use]
    pub const fn system() -> Self {
        Self { offset: Duration::ZERO }
    }

    /// Creates a clock that shows `time` now and runs on from there.
    ///
    /// # Errors
    /// Returns [`ClockError`] if the local certificates are not valid at `time`.
    pub fn starting_at(time: OffsetDateTime) -> Result<Self, ClockError> {
        if time < first() || time > last() {
            return Err(ClockError(time));
        }
        Ok(Self { offset: time - OffsetDateTime::now_utc() })
    }

    /// The current time of this clock, in UTC.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.offset
    }

    /// Whether this clock shows the real time.
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
    fn runs_on_from_its_start_time() {
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
    fn rejects_start_times_outside_certificate_validity() {
        for time in [datetime!(1999-12-31 23:00:00 UTC), datetime!(2100-01-01 00:00:00 UTC)] {
            assert_eq!(Clock::starting_at(time), Err(ClockError(time)));
        }
    }
}
