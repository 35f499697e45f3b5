//! The options for timestamps: the timestamping authority, and the roots of its certificates.

use std::path::PathBuf;
use std::time::Duration;

use notary::x509::Certificate;
use notation::timestamp::{TimestampingAuthority, parse_url};
use notation::trust_store::read_certificates;

use crate::output::exit::CliError;

/// Checks the URL of a timestamping authority.
///
/// # Errors
/// Returns a message if it cannot be used.
pub fn url(text: &str) -> Result<String, String> {
    parse_url(text).map(|_| text.to_owned())
}

/// Parses a time limit for a timestamp.
///
/// # Errors
/// Returns a message if it is not a number of seconds within the bounds.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "expected a number of seconds from 0.1 to 600".to_owned())
}

/// The authority at a URL, whose certificate must lead to a certificate in one of these files.
///
/// # Errors
/// Returns [`CliError`] if the URL or a file cannot be used.
pub fn authority(url: &str, root_files: &[PathBuf]) -> Result<TimestampingAuthority, CliError> {
    let url = parse_url(url).map_err(|why| CliError::configuration(format!("--timestamp-url: {why}")))?;
    let mut roots: Vec<Certificate> = Vec::new();
    for file in root_files {
        roots.extend(read_certificates(file).map_err(|why| CliError::from(why).context("--timestamp-root"))?);
    }
    TimestampingAuthority::new(url, roots).map_err(|why| CliError::from(why).context("--timestamp-root"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_has_bounds() {
        for (text, expected) in [("0.1", Some(100)), ("2.5", Some(2500)), ("600", Some(600_000))] {
            assert_eq!(seconds(text).ok(), expected.map(Duration::from_millis), "{text}");
        }
        for text in ["", "0", "-1", "601", "1e9", "nan", "inf", "1s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
