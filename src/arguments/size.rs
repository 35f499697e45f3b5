//! Sizes on the command line.

/// Parses a number of bytes with an optional unit: KB, MB, GB, TB (powers of 1000), or K, M, G, T and KiB, MiB, GiB,
/// TiB (powers of 1024).
///
/// # Errors
/// Returns a message if the text is not such a size, or the size is 0.
pub fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    let power = |first: char| "kmgt".find(first).map(|at| at as u32 + 1);
    let factor = match (unit.chars().next().and_then(power), unit.get(1..).unwrap_or_default()) {
        (None, _) if unit.is_empty() || unit == "b" => Some(1),
        (Some(power), "b") => Some(1000_u64.pow(power)),
        (Some(power), "" | "ib" | "i") => Some(1024_u64.pow(power)),
        _ => None,
    };
    let bytes = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    let wrong = "expected a size such as 500MB or 20GiB, greater than 0".to_owned();
    bytes.filter(|bytes| *bytes > 0).ok_or(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1000_or_1024() {
        for (text, bytes) in [
            ("1", 1),
            ("100b", 100),
            ("2KB", 2000),
            ("2KiB", 2048),
            ("2k", 2048),
            ("500MB", 500_000_000),
            ("20 GiB", 20 << 30),
            ("1T", 1 << 40),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "-1", "1.5GB", "GB", "1XB", "1GBs", "99999999999T"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
