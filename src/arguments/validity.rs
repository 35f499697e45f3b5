//! How long a new signature is valid, in the form of notation, which is that of Go's `time.ParseDuration`: `12h`,
//! `1.5h`, `3h20m`; days are added.

use time::Duration;

const SECOND: i128 = 1_000_000_000;
/// The units with their nanoseconds. One that begins like another stands before it.
const UNITS: [(&str, i128); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000), // U+00B5, the micro sign
    ("μs", 1_000), // U+03BC, the Greek letter
    ("ms", 1_000_000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
];
/// The most digits that count before and after the point.
const MAX_DIGITS: usize = 18;

/// Parses a validity: a sum of numbers with units, in any order, such as `90d`, `3h20m` or `1.5h`. Zero is no limit, as
/// in notation.
///
/// # Errors
/// Returns a message if the text is not such a time, is negative, or has a part of a second.
pub fn validity(text: &str) -> Result<Duration, String> {
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let time = nanoseconds(unsigned).ok_or("expected a time such as 90d, 12h, 1.5h or 3h20m")?;
    if is_negative && time > 0 {
        return Err("a signature cannot expire before it is made: the time must not be negative".to_owned());
    }
    if time % SECOND != 0 {
        return Err("the time must be whole seconds".to_owned());
    }
    // Later than any signature can express; the signer says so.
    Ok(Duration::seconds(i64::try_from(time / SECOND).unwrap_or(i64::MAX)))
}

fn nanoseconds(text: &str) -> Option<i128> {
    if text == "0" {
        return Some(0);
    }
    let mut sum: i128 = 0;
    let mut left = text;
    loop {
        let (whole, after) = digits(left);
        let (part, after) = after.strip_prefix('.').map_or(("", after), digits);
        if whole.len() > MAX_DIGITS || whole.len() + part.len() == 0 {
            return None;
        }
        let part = &part[..part.len().min(MAX_DIGITS)];
        let (length, after) = UNITS.iter().find_map(|(unit, length)| Some((length, after.strip_prefix(unit)?)))?;
        let parts = 10_i128.pow(u32::try_from(part.len()).ok()?);
        let number: i128 = format!("{whole}{part}").parse().ok()?;
        sum = sum.checked_add(number.checked_mul(*length)? / parts)?;
        if after.is_empty() {
            return Some(sum);
        }
        left = after;
    }
}

/// The digits at the start of a text, and what follows them.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn parses_times_as_go_does_and_days() {
        for (text, seconds) in [
            ("12h", 43_200),
            ("3h20m", 12_000),
            ("90d", 7_776_000),
            ("1d1s", 86_401),
            ("0d5m", 300),
            ("1.5h", 5_400),
            (".5h", 1_800),
            ("5.s", 5),
            ("1h1h", 7_200),
            ("20m3h", 12_000),
            ("+1h", 3_600),
            ("1.5d", 129_600),
            ("0.1h", 360),
            ("1500ms500ms", 2),
            ("1000000us", 1),
            ("1000000µs", 1),
            ("1000000μs", 1),
            ("1000000000ns", 1),
            ("0h", 0),
            ("0s", 0),
            ("0", 0),
            ("-0s", 0),
        ] {
            assert_eq!(validity(text).unwrap(), Duration::seconds(seconds), "{text}");
        }
        // Far later than a signature can express, and no overflow.
        assert!(validity("999999999999999999d").unwrap() > Duration::days(10_000 * 365));
    }

    #[test]
    fn refuses_what_is_no_time_negative_or_a_part_of_a_second() {
        for wrong in [
            "",
            "+",
            "-",
            "12",
            "h",
            ".h",
            ".",
            "1.2.3h",
            "1w",
            " 1h",
            "1h ",
            "1h 1m",
            "1é",
            "١h",
            "1h--1h",
            "-",
            "0x1h",
            "1e3s",
            "9999999999999999999h",
            "1h5",
        ] {
            assert!(validity(wrong).unwrap_err().contains("expected a time"), "{wrong}");
        }
        for negative in ["-1h", "-1.5h", "-90d"] {
            assert!(validity(negative).unwrap_err().contains("must not be negative"), "{negative}");
        }
        for (text, says) in [("500ms", "whole seconds"), ("1ns", "whole seconds"), ("1.5s", "whole seconds")] {
            assert!(validity(text).unwrap_err().contains(says), "{text}");
        }
    }
}
