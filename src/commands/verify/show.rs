//! The text output of `verify`.

use super::report::ArtifactReport;
use crate::output::exit::CliError;
use crate::output::{DIM, Output, paint, wrapped};
use crate::verification::{Outcome, note_skipped, show_advice, show_signature};

/// Writes a report.
pub(super) fn show(report: &ArtifactReport, output: &Output) -> Result<(), CliError> {
    let name = report.artifact.as_ref().unwrap_or(&report.reference);
    if !report.is_listed && *name != report.reference {
        output.note(paint(DIM, format!("{} resolved to {name}", report.reference)));
    }
    if let Some(error) = &report.error {
        output.error(format!("{name}: {}", error.message));
    }
    output.text(format!("{name} {}", report.outcome.word()))?;
    for signature in &report.signatures {
        show_signature(&signature.digest, signature, output)?;
    }
    if report.signatures_left > 0 {
        let left = report.signatures_left;
        output.text(paint(DIM, format!("  {left} more not checked (one valid signature is enough)")))?;
    }
    if report.outcome == Outcome::Skipped {
        note_skipped(name, report.policy.as_deref().unwrap_or_default(), output);
    }
    if report.error.is_none() && report.outcome == Outcome::Refused && report.signatures.is_empty() {
        output.text("  there is no signature")?;
    }
    if let Some(reason) = report.requirement.as_ref().and_then(|requirement| requirement.reason.as_ref()) {
        output.text(format!("  {}", wrapped(reason, 2, output.columns())))?;
    }
    match &report.advice {
        Some(advice) => show_advice(advice, output),
        None => Ok(()),
    }
}
