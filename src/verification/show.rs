//! The text output for a signature and its checks.

use notary::text::printable;

use super::signature::{CheckReport, CheckWord, SignatureReport};
use crate::output::exit::CliError;
use crate::output::{BAD, DIM, GOOD, Output, WARN, paint, wrapped};

/// The number of columns before a check's reason.
const REASON: usize = 32;

/// Writes a signature and its checks. `name` identifies the signature: a digest or a file.
///
/// # Errors
/// Returns [`CliError`] if standard output cannot be written to.
pub fn show_signature(name: &str, signature: &SignatureReport, output: &Output) -> Result<(), CliError> {
    output.text(format!("  signature {name} {}", signature.outcome.word()))?;
    if let Some(signed) = &signature.signed {
        let fact = |name: &str, value: &str| {
            output.text(format!("    {} {}", paint(DIM, format!("{name:9}")), printable(value)))
        };
        fact("signer", signed.profile_version.as_ref().unwrap_or(&signed.subject))?;
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
    let (style, word) = match check.outcome {
        CheckWord::Passed => (GOOD, "ok"),
        CheckWord::Failed if check.undetermined => (WARN, "unknown"),
        CheckWord::Failed => (BAD, "failed"),
        CheckWord::Warning => (WARN, "warning"),
        CheckWord::Skipped => (WARN, "skipped"),
    };
    let word = paint(style, format!("{word:7}"));
    output.text(format!("    {word} {:19} {}", check.name, wrapped(&check.reason, REASON, output.columns())))
}

/// Writes the advice line.
///
/// # Errors
/// Returns [`CliError`] if standard output cannot be written to.
pub fn show_advice(advice: &str, output: &Output) -> Result<(), CliError> {
    output.text(format!("  {} {}", paint(WARN, "->"), wrapped(advice, 5, output.columns())))
}

/// Notes that the policy skips verification.
pub fn note_skipped(name: &str, policy: &str, output: &Output) {
    output.note(paint(WARN, format!("{name} was not verified: the trust policy {policy:?} skips verification")));
}
