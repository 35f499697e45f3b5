//! The text output of `verify`: a verified artifact on standard output, all others as errors on standard error.

use notary::text::printable;

use super::report::VerifiedArtifact;
use crate::output::exit::CliError;
use crate::output::wrap::{display_width, hanging};
use crate::output::{BAD, DIM, Output, paint};
use crate::verification::{CheckedSignature, VerificationOutcome, details, failures, note_skipped, signature_line};

/// Writes a report.
pub(super) fn show(report: &VerifiedArtifact, output: &Output) -> Result<(), CliError> {
    let name = printable(&report.name.artifact);
    match report.outcome {
        VerificationOutcome::Verified => {
            output.text(format!("{name} {}", report.outcome.word()))?;
            signatures(report, output, output.columns()).iter().try_for_each(|line| output.text(line))
        }
        VerificationOutcome::Skipped => {
            output.text(format!("{name} {}", report.outcome.word()))?;
            note_skipped(&name, report.policy.as_deref().unwrap_or_default(), output);
            Ok(())
        }
        _ => {
            show_failure(report, output);
            Ok(())
        }
    }?;
    report.passed_over.note(output);
    Ok(())
}

/// Writes why an artifact is not verified: also with `--quiet`, and beside JSON.
fn show_failure(report: &VerifiedArtifact, output: &Output) {
    let name = printable(&report.name.artifact);
    let Some(error) = &report.error else { return };
    let advice = error.advice.as_deref();
    if !report.is_verdict {
        return output.failure(format!("{name}: {}", error.message), advice);
    }
    let word = report.outcome.word();
    // With signatures, their failed checks say it already.
    let is_missing_signers = report.requirement.as_ref().is_some_and(|requirement| !requirement.met);
    let columns = Output::error_columns();
    let mut heading = format!("{} {name} {word}", paint(BAD, "error:"));
    if report.signatures.is_empty() || is_missing_signers {
        let beside = format!("{heading}: {}", error.message);
        heading = match columns {
            Some(columns) if display_width(&beside) > columns => {
                format!("{heading}\n{}", hanging("  ", 2, &error.message, Some(columns)))
            }
            _ => beside,
        };
    }
    output.error_line(heading);
    for line in signatures(report, output, columns) {
        output.error_line(line);
    }
    if let Some(advice) = advice {
        output.error_advice(advice);
    }
}

/// The lines below the artifact's: with `--verbose` every check, otherwise those that did not pass.
fn signatures(report: &VerifiedArtifact, output: &Output, columns: Option<usize>) -> Vec<String> {
    let above = report.name.digest().unwrap_or_default();
    let all = &report.signatures;
    if !output.is_verbose() {
        if report.outcome != VerificationOutcome::Verified {
            return failed(all, above, columns);
        }
        // The failures of other signatures do not matter.
        let mut accepted = all.iter().filter(|signature| signature.outcome == VerificationOutcome::Verified);
        return accepted.next().map(|accepted| failures(accepted, 2, above, columns)).unwrap_or_default();
    }
    let details = |signature: &CheckedSignature| details(&signature.signature.digest, signature, above, columns);
    let mut lines: Vec<String> = all.iter().flat_map(details).collect();
    if report.signatures_left > 0 {
        let left = report.signatures_left;
        lines.push(paint(DIM, format!("  {left} more not checked (one valid signature is enough)")));
    }
    lines
}

/// What is wrong with these signatures. Signatures in a row with the same failures share its lines, below a line that
/// says so.
fn failed(signatures: &[CheckedSignature], above: &str, columns: Option<usize>) -> Vec<String> {
    if let [only] = signatures {
        return failures(only, 2, above, columns);
    }
    let mut failed = signatures.iter().map(|signature| failures(signature, 4, above, columns)).peekable();
    let mut lines = Vec::new();
    let mut alike = 0;
    for signature in signatures {
        lines.push(signature_line(&signature.signature.digest, signature, columns));
        alike += 1;
        let own = failed.next().unwrap_or_default();
        if failed.peek() != Some(&own) {
            lines.extend(shared_by(alike).map(|line| paint(DIM, line)));
            lines.extend(own);
            alike = 0;
        }
    }
    lines
}

/// The line between several signatures and their common failures.
fn shared_by(signatures: usize) -> Option<String> {
    match signatures {
        0 | 1 => None,
        2 => Some("  both signatures for this reason:".to_owned()),
        number => Some(format!("  these {number} signatures for the same reason:")),
    }
}

#[cfg(test)]
mod tests {
    use super::shared_by;

    #[test]
    fn a_reason_that_several_signatures_share_says_so() {
        assert_eq!(shared_by(1), None);
        assert!(shared_by(5).is_some_and(|line| line.contains("5 signatures for the same reason")));
    }
}
