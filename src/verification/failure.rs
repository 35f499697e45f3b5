//! The errors of a verification.

use notation::verify::{Reason, RequirementError, Verdict};

use crate::output::advice::about_a_file;
use crate::output::exit::CliError;

/// The error of a failed check.
#[must_use]
pub fn reason_error(reason: &Reason) -> CliError {
    CliError::new(reason.code(), reason).with_library_advice(reason.advice())
}

/// The error of an artifact that is not verified: the failure of one of its signatures, or that it has none.
#[must_use]
pub fn verdict_error(verdict: &Verdict) -> Option<CliError> {
    let code = verdict.code()?;
    let number = verdict.signatures.len();
    let error = match verdict.deciding() {
        None => CliError::new(code, "there is no signature"),
        Some((_, reason)) if number == 1 => reason_error(reason),
        Some((signature, reason)) => {
            let heading = format!("none of the {number} signatures is accepted; {}", signature.digest);
            reason_error(reason).context(heading)
        }
    };
    Some(error.with_library_advice(verdict.advice()))
}

/// As [`verdict_error`], for a file.
#[must_use]
pub fn file_verdict_error(verdict: &Verdict) -> Option<CliError> {
    let error = verdict_error(verdict)?;
    let advice = verdict.deciding().and_then(|(_, reason)| reason.advice());
    Some(match advice.as_ref().and_then(about_a_file) {
        Some(advice) => error.with_advice(advice),
        None => error,
    })
}

/// The error if a requirement is not met.
#[must_use]
pub fn requirement_error(why: &RequirementError) -> CliError {
    CliError::new(why.code(), why)
}
