//! The text output for a signature and its checks.

use notary::text::printable;

use super::signature::{CheckReport, CheckedSignature};
use crate::output::outcome::StepOutcome;
use crate::output::short::shortened;
use crate::output::wrap::{display_width, fact, hanging};
use crate::output::{DIM, Output, WARN, paint};

/// The width of the column with the names of facts.
const FACT: usize = 9;
/// Narrower columns are not filled with sentences.
const NARROW: usize = 80;

/// The lines for all checks of a signature. `name` identifies the signature: a digest or a file. `above` is the digest
/// that was printed above, and is not repeated in full.
#[must_use]
pub fn details(name: &str, signature: &CheckedSignature, above: &str, columns: Option<usize>) -> Vec<String> {
    let mut lines = vec![signature_line(name, signature, columns)];
    if let Some(signed) = &signature.signature.content {
        let mut add = |name: &str, value: &str| lines.push(fact(4, name, FACT, &printable(value), columns));
        add("signer", signed.profile_version.as_ref().unwrap_or(&signed.subject));
        if let Some(alias) = &signed.profile_alias {
            add("alias", alias);
        }
        if let Some(job) = &signed.job {
            add("job", job);
        }
        add("signed at", &signed.signing_time);
        if let Some(timestamp) = &signed.timestamp {
            add("timestamp", &timestamp.to_string());
        }
        for (key, value) in &signed.user_metadata {
            add("metadata", &format!("{key}={value}"));
        }
    }
    lines.extend(signature.checks.iter().map(|check| check_line(check, 4, above, columns)));
    lines
}

/// The line that names a signature, with its outcome.
#[must_use]
pub fn signature_line(name: &str, signature: &CheckedSignature, columns: Option<usize>) -> String {
    let name = printable(name);
    let word = signature.outcome.word();
    let label = paint(DIM, "signature");
    let beside = format!("  {label} {name} {word}");
    match columns {
        Some(columns) if display_width(&beside) > columns => format!("  {label} {word}\n    {name}"),
        _ => beside,
    }
}

/// The lines for the checks of a signature that did not pass, also those that are tolerated.
#[must_use]
pub fn failures(signature: &CheckedSignature, indent: usize, above: &str, columns: Option<usize>) -> Vec<String> {
    let is_fine = |check: &&CheckReport| matches!(check.result.outcome, StepOutcome::Ok | StepOutcome::Skipped);
    let failed = signature.checks.iter().filter(|check| !is_fine(check));
    failed.map(|check| check_line(check, indent, above, columns)).collect()
}

/// A check: its outcome, its name and its message.
#[must_use]
pub fn check_line(check: &CheckReport, indent: usize, above: &str, columns: Option<usize>) -> String {
    let word = check.result.outcome.word(7);
    let message = shortened(check.result.explanation.message(), above);
    let start = format!("{:indent$}{word} {:19} ", "", check.name);
    let beside = display_width(&start);
    match columns {
        // The column beside the name is too narrow for sentences and ARNs.
        Some(columns) if columns < beside + NARROW && columns < beside + display_width(&message) => {
            let below = " ".repeat(indent + 2);
            format!("{}\n{}", start.trim_end(), hanging(&below, below.len(), &message, Some(columns)))
        }
        columns => hanging(&start, beside, &message, columns),
    }
}

/// Notes that the policy skips verification.
pub fn note_skipped(name: &str, policy: &str, output: &Output) {
    output.note(paint(WARN, format!("{name} was not verified: the trust policy {policy:?} skips verification")));
}
