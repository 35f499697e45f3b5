//! Numbers on the command line.

use std::num::NonZeroUsize;

/// Parses a time in seconds, of 1 or more.
///
/// # Errors
/// Returns a message if the text is not such a number.
pub fn seconds(text: &str) -> Result<u64, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0);
    seconds.ok_or_else(|| "expected a number of seconds, 1 or more".to_owned())
}

/// Parses a number of 1 or more.
///
/// # Errors
/// Returns a message if the text is not such a number.
pub fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a number of 1 or more".to_owned())
}
