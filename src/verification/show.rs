//! The text output for a signature and its checks.

use notary::text::printable;

use super::signature::{CheckReport, CheckedSignature};
use crate::output::exit::CliError;
use crate::output::{DIM, Output, WARN, paint, wrapped};

/// The number of columns before a check's message.
const MESSAGE: usize = 32;

/// Writes a signature and its checks. `name` identifies the signature: a digest or a file.
///
/// # Errors
/// Returns [`CliError`] if standard output cannot be written to.
pub fn show_signature(name: &str, signature: &CheckedSignature, output: &Output) -> Result<(), CliError> {
    output.text(format!("  signature {} {}", printable(name), signature.outcome.word()))?;
    if let Some(signed) = &signature.signature.content {
        let fact = |name: &str, value: &str| {
            output.text(format!("    {} {}", paint(DIM, format!("{name:9}")), printable(value)))
        };
        fact("signer", signed.profile_version.as_ref().unwrap_or(&signed.subject))?;
        if let Some(alias) = &signed.profile_alias {
            fact("alias", alias)?;
        }
        if let Some(job) = &signed.job {
            fact("job", job)?;
        }
        fact("signed at", &signed.signing_time)?;
        for (key, value) in &signed.user_metadata {
            fact("metadata", &format!("{key}={value}"))?;
        }
    }
    signature.checks.iter().try_for_each(|check| show_check(check, output))
}

fn show_check(check: &CheckReport, output: &Output) -> Result<(), CliError> {
    let word = check.result.outcome.word(7);
    let message = wrapped(check.result.explanation.message(), MESSAGE, output.columns());
    output.text(format!("    {word} {:19} {message}", check.name))
}

/// Notes that the policy skips verification.
pub fn note_skipped(name: &str, policy: &str, output: &Output) {
    output.note(paint(WARN, format!("{name} was not verified: the trust policy {policy:?} skips verification")));
}
