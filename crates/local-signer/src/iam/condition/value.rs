//! The values of conditions.

use std::net::IpAddr;

use ipnet::IpNet;
use notary::text::parse_rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

use super::operator::Test;
use crate::iam::error::Problem;
use crate::iam::pattern::{Pattern, Special, arn_parts, matches, matches_arn, matches_ignoring_case};
use crate::iam::request::Context;

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, or the pattern of a text or an ARN.
    Text(Pattern),
    /// A number.
    Number(f64),
    /// A time.
    Time(OffsetDateTime),
    /// A boolean.
    Boolean(bool),
    /// A range of IP addresses.
    Network(IpNet),
}

// Numbers come from `number`, which lets only finite ones through.
impl Eq for Value {}

impl Value {
    /// Parses a value for an operator. Only values of strings and ARNs may have variables.
    pub fn parse(text: &str, test: Test, variables: bool) -> Result<Self, Problem> {
        let invalid = |expected| Problem::Value(text.to_owned(), expected);
        let pattern = |wildcards| Pattern::parse(text, Special { wildcards, variables });
        match test {
            Test::TextEquals | Test::TextEqualsIgnoringCase => pattern(false).map(Self::Text),
            Test::TextLike => pattern(true).map(Self::Text),
            Test::Arn => match pattern(true)? {
                Pattern::Fixed(tokens) if text != "*" && (!text.starts_with("arn:") || arn_parts(&tokens) < 6) => {
                    Err(invalid("an ARN (arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE)"))
                }
                pattern => Ok(Self::Text(pattern)),
            },
            Test::Number(_) => number(text).map(Self::Number).ok_or_else(|| invalid("a number")),
            Test::Time(_) => time(text).map(Self::Time).ok_or_else(|| invalid("a time, such as 2026-01-31T00:00:00Z")),
            Test::Boolean | Test::Null => boolean(text).map(Self::Boolean).ok_or_else(|| invalid("true or false")),
            Test::Address => network(text)
                .map(Self::Network)
                .ok_or_else(|| invalid("an IP address or a range, such as 203.0.113.0/24")),
        }
    }

    /// Whether a value of the request matches; `None` if a variable has no value.
    pub fn matches(&self, value: &str, test: Test, context: &Context<'_>) -> Option<bool> {
        Some(match (self, test) {
            (Self::Text(pattern), test) => {
                let tokens = pattern.resolved(context)?;
                match test {
                    Test::TextEqualsIgnoringCase => matches_ignoring_case(&tokens, value),
                    Test::Arn if arn_parts(&tokens) == 6 => matches_arn(&tokens, value),
                    _ => matches(&tokens, value),
                }
            }
            (Self::Number(expected), Test::Number(relation)) => number(value)
                .and_then(|value| value.partial_cmp(expected))
                .is_some_and(|ordering| relation.holds(ordering)),
            (Self::Time(expected), Test::Time(relation)) => {
                time(value).is_some_and(|value| relation.holds(value.cmp(expected)))
            }
            (Self::Boolean(expected), _) => boolean(value) == Some(*expected),
            (Self::Network(range), _) => {
                value.parse::<IpAddr>().is_ok_and(|address| range.contains(&address.to_canonical()))
            }
            (Self::Number(_) | Self::Time(_), _) => false,
        })
    }
}

/// A decimal number, without the names and exponents that Rust also reads.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain =
        digits.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse::<f64>().ok().filter(|number| plain && number.is_finite())
}

/// A date or time of the W3C's profile of ISO 8601, or the seconds since 1970.
fn time(text: &str) -> Option<OffsetDateTime> {
    if text.len() > 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        return OffsetDateTime::from_unix_timestamp(text.parse().ok()?).ok();
    }
    if let Some(time) = parse_rfc3339(text) {
        return Some(time);
    }
    let date = |text: &str| Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
    let midnight = |date: Date| PrimitiveDateTime::new(date, Time::MIDNIGHT).assume_utc();
    match text.len() {
        4 => date(&format!("{text}-01-01")).map(midnight),
        7 => date(&format!("{text}-01")).map(midnight),
        10 => date(text).map(midnight),
        // Without seconds: 2026-01-31T12:30Z or 2026-01-31T12:30+01:00.
        _ => {
            let (start, zone) = (text.get(..16)?, text.get(16..)?);
            parse_rfc3339(&format!("{start}:00{zone}"))
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A range, or an address as a range of one.
fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
