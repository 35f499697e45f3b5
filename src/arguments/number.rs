//! Numbers on the command line.

use std::num::NonZeroUsize;

/// How many of something, at least one.
///
/// # Errors
/// What is expected, for whoever typed something else.
pub fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a number of 1 or more".to_owned())
}
