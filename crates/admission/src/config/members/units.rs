//! Durations and sizes.

use std::ops::RangeInclusive;
use std::time::Duration;

use yaml::{Error, Field};

use super::values::expected;

/// A duration between two others, which are written as in the configuration.
pub fn duration(field: &Field<'_>, shortest: &str, longest: &str) -> Result<Duration, Error> {
    let duration = field.duration(Duration::MAX)?;
    if duration < limit(shortest) || duration > limit(longest) {
        return Err(field.error(format!("expected a duration from {shortest} to {longest}, found {}", shown(duration))));
    }
    Ok(duration)
}

/// A duration of this file. A test reads all of them.
fn limit(text: &str) -> Duration {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number = digits.parse().unwrap_or(0);
    match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "m" => Duration::from_secs(60 * number),
        "h" => Duration::from_secs(60 * 60 * number),
        _ => Duration::from_secs(number),
    }
}

/// A duration as it is written in the configuration, in the largest unit without a remainder.
pub fn shown(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let units = [("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    match units.into_iter().find(|(_, unit)| milliseconds.is_multiple_of(*unit)) {
        _ if milliseconds == 0 => "0s".to_owned(),
        Some((name, unit)) => format!("{}{name}", milliseconds / unit),
        None => format!("{milliseconds}ms"),
    }
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A size in bytes: a number, or a number with `KiB`, `MiB` or `GiB`.
pub fn size(field: &Field<'_>, range: RangeInclusive<u64>) -> Result<usize, Error> {
    const WHAT: &str = "a size such as 64KiB, 16MiB or 1GiB, or a number of bytes";
    let size = match field.integer(0..=u64::MAX) {
        Ok(number) => number,
        Err(_) => {
            let text = field.text().map_err(|_| expected(field, WHAT))?;
            let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let unit = match &text[digits.len()..] {
                "KiB" => KIB,
                "MiB" => MIB,
                "GiB" => GIB,
                other => return Err(wrong_unit(field, digits, other).unwrap_or_else(|| expected(field, WHAT))),
            };
            let is_number = digits.bytes().all(|b| b.is_ascii_digit());
            let number = is_number.then(|| digits.parse::<u64>().ok()?.checked_mul(unit)).flatten();
            number.ok_or_else(|| expected(field, WHAT))?
        }
    };
    let size = Some(size).filter(|size| range.contains(size)).and_then(|size| usize::try_from(size).ok());
    size.ok_or_else(|| {
        let (least, most) = (shown_size(*range.start()), shown_size(*range.end()));
        expected(field, &format!("a size from {least} to {most}"))
    })
}

/// The error of a unit that other programs use.
fn wrong_unit(field: &Field<'_>, digits: &str, unit: &str) -> Option<Error> {
    let unit = match unit.to_ascii_lowercase().as_str() {
        "k" | "kb" | "ki" | "kib" => "KiB",
        "m" | "mb" | "mi" | "mib" => "MiB",
        "g" | "gb" | "gi" | "gib" => "GiB",
        _ => return None,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| expected(field, &format!("a size with the unit KiB, MiB or GiB, such as {digits}{unit}")))
}

fn shown_size(size: u64) -> String {
    let units = [("GiB", GIB), ("MiB", MIB), ("KiB", KIB)];
    let unit = units.into_iter().find(|(_, unit)| size > 0 && size.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{size} bytes"), |(name, unit)| format!("{}{name}", size / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_and_shown_as_they_are_written() {
        for text in ["0s", "1ms", "100ms", "1s", "29s", "1m", "5m", "1h", "24h"] {
            assert_eq!(shown(limit(text)), text);
        }
        for (size, text) in
            [(0, "0 bytes"), (1000, "1000 bytes"), (65536, "64KiB"), (1 << 26, "64MiB"), (1 << 34, "16GiB")]
        {
            assert_eq!(shown_size(size), text);
        }
    }
}
