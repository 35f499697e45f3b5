//! The text output of `verify`.

use super::report::VerifiedArtifact;
use crate::output::artifacts::note_passed_over;
use crate::output::exit::CliError;
use crate::output::{DIM, Output, paint, show_advice, wrapped};
use crate::verification::{VerificationOutcome, note_skipped, show_signature};

/// Writes a report.
pub(super) fn show(report: &VerifiedArtifact, output: &Output) -> Result<(), CliError> {
    let name = &report.name.artifact;
    if !report.is_listed && *name != report.name.reference {
        output.note(paint(DIM, format!("{} resolved to {name}", report.name.reference)));
    }
    if let Some(error) = report.error.as_ref().filter(|_| !report.is_verdict) {
        output.failure(format!("{name}: {}", error.message), error.advice.as_deref());
    }
    output.text(format!("{name} {}", report.outcome.word()))?;
    note_passed_over(&report.passed_over, output);
    for signature in &report.signatures {
        show_signature(&signature.signature.digest, signature, output)?;
    }
    if report.signatures_left > 0 {
        let left = report.signatures_left;
        output.text(paint(DIM, format!("  {left} more not checked (one valid signature is enough)")))?;
    }
    if report.outcome == VerificationOutcome::Skipped {
        note_skipped(name, report.policy.as_deref().unwrap_or_default(), output);
    }
    let Some(error) = report.error.as_ref().filter(|_| report.is_verdict) else { return Ok(()) };
    // With signatures, the failed checks above say it already.
    let is_missing_signers = report.requirement.as_ref().is_some_and(|requirement| !requirement.met);
    if report.signatures.is_empty() || is_missing_signers {
        output.text(format!("  {}", wrapped(&error.message, 2, output.columns())))?;
    }
    match &error.advice {
        Some(advice) => show_advice(advice, 2, output),
        None => Ok(()),
    }
}
