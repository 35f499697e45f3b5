//! The outcome of a check or of a step, with one spelling in the text and in the JSON of all commands.

use std::fmt::Display;

use notary::Disposition;
use serde::Serialize;

use super::exit::CliError;
use super::failure::FailureReport;
use super::{BAD, GOOD, WARN, paint};

/// What came of a check or of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// It passed, or was right already.
    Ok,
    /// It is right now.
    Changed,
    /// It was not made.
    Skipped,
    /// It failed, and that is tolerated.
    Warning,
    /// It failed.
    Failed,
    /// It could not be made.
    Unknown,
}

impl StepOutcome {
    /// The word in the text output, padded to `width` columns.
    #[must_use]
    pub fn word(self, width: usize) -> String {
        let (style, word) = match self {
            Self::Ok => (GOOD, "ok"),
            Self::Changed => (GOOD, "changed"),
            Self::Skipped => (WARN, "skipped"),
            Self::Warning => (WARN, "warning"),
            Self::Failed => (BAD, "failed"),
            Self::Unknown => (WARN, "unknown"),
        };
        paint(style, format!("{word:width$}"))
    }
}

/// What a check or a step found: a message if nothing is wrong, otherwise an error.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Explanation {
    /// Why it is right, or was skipped.
    Message(String),
    /// What is wrong.
    Error(FailureReport),
}

impl Explanation {
    /// The message, in both cases.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Message(message) => message,
            Self::Error(error) => &error.message,
        }
    }

    /// The error, if something is wrong.
    #[must_use]
    pub fn error(&self) -> Option<&FailureReport> {
        match self {
            Self::Message(_) => None,
            Self::Error(error) => Some(error),
        }
    }
}

/// A check or a step: its outcome, and its explanation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// The outcome.
    pub outcome: StepOutcome,
    /// Why.
    #[serde(flatten)]
    pub explanation: Explanation,
}

impl StepReport {
    /// A step with nothing wrong.
    #[must_use]
    pub fn fine(outcome: StepOutcome, message: impl Display) -> Self {
        Self { outcome, explanation: Explanation::Message(notary::text::printable(&message.to_string())) }
    }

    /// A part of the configuration that is wrong, or could not be checked for now.
    #[must_use]
    pub fn failed(why: CliError) -> Self {
        let outcome = match why.disposition() {
            Disposition::Undetermined => StepOutcome::Unknown,
            Disposition::Misconfigured | Disposition::Refused => StepOutcome::Failed,
        };
        Self { outcome, explanation: Explanation::Error(why.into()) }
    }

    /// A check of a signature that found something wrong, or could not be made for whatever reason.
    #[must_use]
    pub fn not_passed(why: CliError) -> Self {
        let outcome = match why.disposition() {
            Disposition::Refused => StepOutcome::Failed,
            Disposition::Misconfigured | Disposition::Undetermined => StepOutcome::Unknown,
        };
        Self { outcome, explanation: Explanation::Error(why.into()) }
    }

    /// A step that failed, which is tolerated.
    #[must_use]
    pub fn warning(why: CliError) -> Self {
        Self { outcome: StepOutcome::Warning, explanation: Explanation::Error(why.into()) }
    }
}
