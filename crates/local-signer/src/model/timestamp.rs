//! Times of requests: RFC 3339 in a query, Unix seconds in a body.

use notary::text::parse_rfc3339;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

/// A time of a request, in Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Reads a JSON value: a number of Unix seconds, or a text with such a number or in RFC 3339. `None` if it is
    /// neither, or not in the years 0 to 9999.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(seconds) => Self::from_seconds(seconds.as_f64()?),
            Value::String(text) => match parse_rfc3339(text) {
                Some(time) => i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self),
                None => Self::from_seconds(decimal(text)?),
            },
            _ => None,
        }
    }

    /// Rounds down to milliseconds, like signing times, so that a signature made at exactly this time is not before it.
    /// A double is not exact for decimal fractions but precise to the microsecond, so it is rounded to microseconds
    /// first: .123 must not become 122 ms.
    fn from_seconds(seconds: f64) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "seconds of any calendar time have fewer than 53 bits")]
        let (first, last) = (
            datetime!(0000-01-01 00:00:00 UTC).unix_timestamp() as f64,
            datetime!(9999-12-31 23:59:59 UTC).unix_timestamp() as f64,
        );
        if !(first..=last).contains(&seconds) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is between the years 0 and 9999")]
        let microseconds = (seconds * 1_000_000.0).round() as i64;
        Some(Self(microseconds.div_euclid(1000)))
    }

    /// The time in Unix milliseconds.
    #[must_use]
    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// The time in UTC.
    #[must_use]
    pub fn time(self) -> OffsetDateTime {
        // Every value was a time of the years 0 to 9999.
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// A decimal number without exponent.
fn decimal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let valid = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.len() <= 32
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    valid.then(|| text.parse().ok()).flatten()
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::of(&value).ok_or_else(|| D::Error::custom("expected a time"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_seconds_and_rfc_3339() {
        for (value, milliseconds) in [
            (json!(0), Some(0)),
            (json!(1_767_322_845.123), Some(1_767_322_845_123)),
            (json!(-1.5), Some(-1500)),
            (json!("2026-01-02T03:00:45Z"), Some(1_767_322_845_000)),
            (json!("2026-01-02T03:00:45.5Z"), Some(1_767_322_845_500)),
            (json!("1767322845"), Some(1_767_322_845_000)),
            (json!("1767322845.25"), Some(1_767_322_845_250)),
            (json!("tomorrow"), None),
            (json!("1e9"), None),
            (json!(1e300), None),
            (json!(true), None),
            (json!(null), None),
        ] {
            assert_eq!(Timestamp::of(&value).map(Timestamp::milliseconds), milliseconds, "{value}");
        }
    }
}
