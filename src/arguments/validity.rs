//! How long a new signature is valid, in the form of notation: `12h`, `30m`, `3h20m`; days are added.

use time::Duration;

/// Parses a validity of whole days, hours, minutes and seconds, the longest unit first, such as `90d` or `3h20m`.
///
/// # Errors
/// Returns a message if the text is not such a time, or is zero.
pub fn validity(text: &str) -> Result<Duration, String> {
    parse(text).filter(|time| time.is_positive()).ok_or_else(|| "expected a time such as 90d, 12h or 3h20m".to_owned())
}

fn parse(text: &str) -> Option<Duration> {
    let mut units = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)].into_iter();
    let mut seconds: i64 = 0;
    let mut left = text;
    while !left.is_empty() {
        let digits = left.find(|c: char| !c.is_ascii_digit())?;
        let number: u32 = left[..digits].parse().ok()?;
        let unit = left[digits..].chars().next()?;
        let (_, length) = units.find(|(own, _)| *own == unit)?;
        seconds += i64::from(number) * length;
        left = &left[digits + 1..];
    }
    Some(Duration::seconds(seconds))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn parses_times_with_units() {
        for (text, seconds) in [("12h", 43_200), ("3h20m", 12_000), ("90d", 7_776_000), ("1d1s", 86_401), ("0d5m", 300)]
        {
            assert_eq!(validity(text).unwrap(), Duration::seconds(seconds), "{text}");
        }
        // The largest number of days is far below the largest duration.
        assert!(validity("4294967295d").unwrap() > Duration::days(365));
        for wrong in
            ["", "0h", "12", "h", "1.5h", "-1h", "20m3h", "1h1h", "1w", "4294967296s", " 1h", "1h ", "1é", "١h"]
        {
            assert!(validity(wrong).is_err(), "{wrong}");
        }
    }
}
