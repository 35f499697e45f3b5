//! When the caller gives up: the `timeout` parameter that kube-apiserver appends to the URL, a duration in Go's form.

use std::time::Duration;

use limits::Deadline;
use url::form_urlencoded;

use super::Incoming;
use crate::config::Limits;

/// The time of the `timeout` parameter, such as `5s` or `1m30s`, less the margin, at most that of the limits. At least
/// half of the timeout is used. Without the parameter, or if it is not a duration, the time is that of the limits.
#[must_use]
pub fn caller_deadline(incoming: &Incoming, limits: &Limits) -> Deadline {
    let most = incoming.deadline.budget().min(limits.deadline);
    let query = incoming.query.as_deref().unwrap_or_default();
    let timeouts = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "timeout");
    // The API server appends its own to one that is in the webhook's URL.
    let timeout = timeouts.filter_map(|(_, value)| duration(&value)).min();
    let budget = timeout.map_or(most, |timeout| timeout.saturating_sub(limits.margin).max(timeout / 2).min(most));
    incoming.deadline.with_budget(budget)
}

/// Reads a duration as Go's `time.ParseDuration` does. `None` for those that are not positive.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut nanoseconds: u128 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        nanoseconds = nanoseconds.checked_add(scaled(number, unit_nanoseconds(unit)?)?)?;
        rest = after;
    }
    let nanoseconds = u64::try_from(nanoseconds).ok()?;
    (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
}

/// A decimal number times a unit, in nanoseconds.
fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || whole.len() > 18 || fraction.contains('.') {
        return None;
    }
    let digits = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u128>().ok() };
    // A nanosecond of an hour has 13 digits; more do not count.
    let fraction = &fraction[..fraction.len().min(15)];
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    Some(digits(whole)? * unit + digits(fraction)? * unit / scale)
}

fn unit_nanoseconds(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use limits::Deadline;

    use super::super::{Authorization, Incoming};
    use super::{caller_deadline, duration};
    use crate::config::Limits;

    const LIMITS: Limits = Limits {
        body: 1,
        images: 1,
        concurrent: 1,
        queue: 1,
        deadline: Duration::from_secs(8),
        margin: Duration::from_millis(500),
        connection_age: Duration::from_secs(1),
    };

    fn budget(query: Option<&str>) -> u128 {
        let deadline = Deadline::new(LIMITS.deadline);
        let incoming = Incoming {
            query: query.map(str::to_owned),
            authorization: Authorization::default(),
            body: Bytes::new(),
            deadline,
        };
        caller_deadline(&incoming, &LIMITS).budget().as_millis()
    }

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, milliseconds) in [
            ("5s", 5000),
            ("1m30s", 90_000),
            ("300ms", 300),
            ("1.5s", 1500),
            (".5s", 500),
            ("2.s", 2000),
            ("1h0m0.25s", 3_600_250),
            ("+1s", 1000),
            ("1000us", 1),
            ("1000µs", 1),
            ("1000μs", 1),
            ("1000000ns", 1),
            ("0.1234567891234567891234567s", 123),
        ] {
            assert_eq!(duration(text).map(|duration| duration.as_millis()), Some(milliseconds), "{text}");
        }
        let long = "9".repeat(100_000);
        for text in
            ["", "0", "0s", "-5s", "5", "s", "5 s", "5sec", "5S", ".s", "1..5s", "1.5.5s", "5s!", "１s", "1s-", &long]
        {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(duration(&format!("{long}h")), None);
        assert_eq!(duration("999999999999999999h"), None);
    }

    #[test]
    fn the_callers_timeout_less_the_margin_is_the_deadline() {
        assert_eq!(budget(Some("timeout=5s")), 4500);
        assert_eq!(budget(Some("a=b&timeout=1m30s")), 8000, "at most that of the limits");
        assert_eq!(budget(Some("timeout=2%73")), 1500);
        assert_eq!(budget(Some("timeout=10s&timeout=3s")), 2500, "the shortest counts");
        for timeout in ["", "timeout", "timeout=", "timeout=x", "timeout=-1s", "timeout=0s", "Timeout=1s"] {
            assert_eq!(budget(Some(timeout)), 8000, "{timeout}");
        }
        assert_eq!(budget(None), 8000);
    }

    #[test]
    fn half_of_a_short_timeout_is_left() {
        assert_eq!(budget(Some("timeout=1s")), 500);
        assert_eq!(budget(Some("timeout=600ms")), 300);
    }

    #[test]
    fn the_time_that_has_passed_already_counts() {
        let deadline = Deadline::new(Duration::from_secs(2));
        let incoming = Incoming {
            query: Some("timeout=5s".to_owned()),
            authorization: Authorization::default(),
            body: Bytes::new(),
            deadline,
        };
        assert_eq!(caller_deadline(&incoming, &LIMITS).budget(), Duration::from_secs(2));
    }
}
