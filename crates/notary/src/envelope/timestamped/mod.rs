//! Adding a timestamp to an envelope: `signature-specification.md`, "Unsigned Attributes". The signature does not cover
//! it, and stays as it is.

mod cose;
mod jws;
#[cfg(test)]
mod tests;

use super::{Envelope, EnvelopeError, EnvelopeFormat};

/// Returns the envelope with this timestamp, in place of another one if it has one. Everything else is unchanged. The
/// timestamp is not verified.
///
/// # Errors
/// Returns [`EnvelopeError`] if the envelope is malformed, or the timestamp makes it exceed a limit.
pub fn with_timestamp(format: EnvelopeFormat, envelope: &[u8], token: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    Envelope::parse(format, envelope)?;
    let stamped = match format {
        EnvelopeFormat::Jws => jws::with_timestamp(envelope, token)?,
        EnvelopeFormat::Cose => cose::with_timestamp(envelope, token)?,
    };
    Envelope::parse(format, &stamped)?;
    Ok(stamped)
}
