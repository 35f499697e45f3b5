//! What `verify` says of each artifact to people.

use super::report::{ArtifactReport, CheckReport, CheckWord, Outcome, SignatureReport};
use crate::cli::exit::CliError;
use crate::cli::output::{BAD, DIM, GOOD, Output, WARN, paint, wrapped};
use crate::text::printable;

/// The columns before a check's reason.
const REASON: usize = 32;

/// Writes a report.
pub(super) fn show(report: &ArtifactReport, output: &Output) -> Result<(), CliError> {
    let name = report.artifact.as_ref().unwrap_or(&report.reference);
    if !report.is_listed && *name != report.reference {
        output.note(paint(DIM, format!("{} is {name} at this moment", report.reference)));
    }
    if let Some(error) = &report.error {
        output.error(format!("{name}: {}", error.message));
    }
    output.text(format!("{name} {}", word(report.outcome)))?;
    for signature in &report.signatures {
        show_signature(signature, output)?;
    }
    if report.signatures_left > 0 {
        let left = report.signatures_left;
        output.text(paint(DIM, format!("  {left} more not looked at, since one that verifies is enough")))?;
    }
    if report.outcome == Outcome::Skipped {
        let policy = report.policy.as_deref().unwrap_or_default();
        output.note(paint(
            WARN,
            format!("not verified: the trust policy {policy:?} skips it, nothing is known of {name}"),
        ));
    }
    if report.error.is_none() && report.outcome == Outcome::Refused && report.signatures.is_empty() {
        output.text("  there is no signature")?;
    }
    if let Some(reason) = report.requirement.as_ref().and_then(|requirement| requirement.reason.as_ref()) {
        output.text(format!("  {}", wrapped(reason, 2, output.columns())))?;
    }
    match &report.advice {
        Some(advice) => output.text(format!("  {} {}", paint(WARN, "->"), wrapped(advice, 5, output.columns()))),
        None => Ok(()),
    }
}

fn show_signature(signature: &SignatureReport, output: &Output) -> Result<(), CliError> {
    output.text(format!("  signature {} {}", signature.digest, word(signature.outcome)))?;
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
        CheckWord::Failed if check.undetermined => (WARN, "UNKNOWN"),
        CheckWord::Failed => (BAD, "FAILED"),
        CheckWord::Warning => (WARN, "warning"),
        CheckWord::Skipped => (WARN, "skipped"),
    };
    let word = paint(style, format!("{word:7}"));
    output.text(format!("    {word} {:19} {}", check.name, wrapped(&check.reason, REASON, output.columns())))
}

fn word(outcome: Outcome) -> String {
    match outcome {
        Outcome::Verified => paint(GOOD, "verified"),
        Outcome::Skipped => paint(WARN, "skipped"),
        Outcome::Refused => paint(BAD, "refused"),
        Outcome::Undetermined => paint(WARN, "undetermined"),
        Outcome::Failed => paint(BAD, "not verified"),
    }
}
