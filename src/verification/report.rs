//! What came of verifying something, in a word.

use notation::verify::Conclusion;
use serde::Serialize;

use crate::output::exit::ExitStatus;
use crate::output::{BAD, GOOD, WARN, paint};

/// What became of an artifact or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It can be relied on.
    Verified,
    /// The policy has nothing verified.
    Skipped,
    /// Something is wrong with it.
    Refused,
    /// It could not be found out; later it may.
    Undetermined,
    /// It was not come to a verdict: the configuration or a permission is not right, or there is no such artifact.
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
    /// The word for people.
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
