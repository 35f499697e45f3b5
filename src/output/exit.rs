//! Exit codes, and the error of a command.

use std::fmt::Display;
use std::process::{ExitCode, Termination};

use notary::text::{printable, printable_lines};
use notary::{Advice, Disposition, ReasonCode};

use super::advice::in_terms_of_the_tool;

/// How a command ended: with success, or with the gravest of its failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExitStatus(Ended);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    Done,
    Failed(Disposition),
    BySignal(u8),
}

impl ExitStatus {
    /// Success.
    pub const DONE: Self = Self(Ended::Done);

    /// The command was ended by this signal.
    #[must_use]
    pub fn ended_by(signal: i32) -> Self {
        Self(Ended::BySignal(u8::try_from(signal).unwrap_or_default() & 0x7f))
    }

    /// The exit code: 0 for success, 1 if a signature was refused, 2 if something must be corrected first, 3 if a retry
    /// may succeed; 128 and the number of the signal that ended the command, as shells count.
    #[must_use]
    pub fn code(self) -> u8 {
        match self.0 {
            Ended::Done => 0,
            Ended::Failed(Disposition::Refused) => 1,
            Ended::Failed(Disposition::Misconfigured) => 2,
            Ended::Failed(Disposition::Undetermined) => 3,
            Ended::BySignal(signal) => 128 + signal,
        }
    }

    /// The `status` in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self.0 {
            Ended::Done => "done",
            Ended::Failed(disposition) => disposition.as_str(),
            Ended::BySignal(_) => "interrupted",
        }
    }

    /// The gravest of these, or success if there are none.
    #[must_use]
    pub fn worst(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().max().unwrap_or(Self::DONE)
    }
}

impl From<Disposition> for ExitStatus {
    fn from(disposition: Disposition) -> Self {
        Self(Ended::Failed(disposition))
    }
}

impl Termination for ExitStatus {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

/// Why a command, or its work on one artifact, failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    /// The kind of the failure, which determines the exit code.
    pub code: ReasonCode,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl CliError {
    /// An error without advice. The message may quote registries, services and signatures, so unprintable characters
    /// are replaced.
    pub fn new(code: ReasonCode, message: impl Display) -> Self {
        Self { code, message: printable_lines(&message.to_string()), advice: None }
    }

    /// An invalid command line, setting or document.
    pub fn configuration(message: impl Display) -> Self {
        Self::new(ReasonCode::Configuration, message)
    }

    /// A file or folder that cannot be read or written.
    pub fn file(message: impl Display) -> Self {
        Self::new(ReasonCode::File, message)
    }

    /// The same error with this advice.
    #[must_use]
    pub fn with_advice(self, advice: impl Display) -> Self {
        Self { advice: Some(printable(&advice.to_string())), ..self }
    }

    /// The same error with the library's advice, if any, in the tool's terms.
    #[must_use]
    pub fn with_library_advice(self, advice: Option<Advice>) -> Self {
        match advice {
            // The message names the setting and says what is wrong.
            None | Some(Advice::CorrectSetting) => self,
            Some(advice) => self.with_advice(in_terms_of_the_tool(&advice)),
        }
    }

    /// The same error, prefixed with a heading such as the artifact's name.
    #[must_use]
    pub fn context(self, heading: impl Display) -> Self {
        let message = printable_lines(&format!("{heading}: {}", self.message));
        Self { message, ..self }
    }

    /// What the failure means for the caller.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code.disposition()
    }

    /// The command's exit status if this is its only failure.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        self.disposition().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_control_characters() {
        let error = CliError::configuration("a\u{1b}[2Jb\u{202e}c\nd").context("e\rf").with_advice("g\u{1b}h");
        assert_eq!(error.message, "e f: a [2Jb c\nd");
        assert_eq!(error.advice.as_deref(), Some("g h"));
    }

    #[test]
    fn the_gravest_status_counts() {
        let all = [Disposition::Undetermined, Disposition::Misconfigured, Disposition::Refused].map(ExitStatus::from);
        for (count, code) in [(0, 0), (1, 3), (2, 2), (3, 1)] {
            assert_eq!(ExitStatus::worst(all[..count].iter().copied().chain([ExitStatus::DONE])).code(), code);
        }
    }
}
