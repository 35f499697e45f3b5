//! The outcome of verification.

use notation::verify::Conclusion;
use serde::Serialize;

use crate::output::exit::ExitStatus;
use crate::output::{BAD, GOOD, WARN, paint};

/// The outcome for an artifact or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The signature is valid and trusted.
    Verified,
    /// The policy skips verification.
    Skipped,
    /// There is no valid signature of a trusted signer.
    Refused,
    /// No verdict was reached; a retry may succeed.
    Undetermined,
    /// No verdict was reached, because the configuration or a permission is wrong, or the artifact does not exist.
    Failed,
}

impl From<Conclusion> for Outcome {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Verified => Self::Verified,
            Conclusion::Skipped => Self::Skipped,
            Conclusion::Refused => Self::Refused,
            Conclusion::Undetermined => Self::Undetermined,
            Conclusion::Misconfigured => Self::Failed,
        }
    }
}

impl From<ExitStatus> for Outcome {
    fn from(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Refused => Self::Refused,
            ExitStatus::Undetermined => Self::Undetermined,
            ExitStatus::Usage | ExitStatus::Done => Self::Failed,
        }
    }
}

impl Outcome {
    /// The word in text output.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Verified => paint(GOOD, "verified"),
            Self::Skipped => paint(WARN, "skipped"),
            Self::Refused => paint(BAD, "refused"),
            Self::Undetermined => paint(WARN, "undetermined"),
            Self::Failed => paint(BAD, "not verified"),
        }
    }
}
