//! Writing the protocol's responses.

use std::io::Write;

use notary::plugin::ErrorCode;
use serde::Serialize;

use super::error::PluginError;

/// Serializes a response as one JSON document.
///
/// # Errors
/// Returns [`PluginError`] if serialization fails, which does not happen for responses that consist of text.
pub(super) fn to_json(response: &impl Serialize) -> Result<String, PluginError> {
    serde_json::to_string(response)
        .map_err(|e| PluginError::new(ErrorCode::Error, format!("cannot serialize the response as JSON: {e}")))
}

/// Writes a response to standard output and returns the exit code, which is 1 if writing fails.
pub(super) fn write(output: &str) -> u8 {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(output.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => 0,
        Err(why) => {
            PluginError::new(ErrorCode::Error, format!("cannot write the response to standard output: {why}")).write();
            1
        }
    }
}
