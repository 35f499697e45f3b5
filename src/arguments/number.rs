//! Numbers on the command line.

use std::num::NonZeroUsize;

/// Parses a number of 1 or more.
///
/// # Errors
/// Returns a message if the text is not such a number.
pub fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a number of 1 or more".to_owned())
}
