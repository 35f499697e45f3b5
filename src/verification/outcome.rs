//! The outcome of verification.

use notary::Disposition;
use notation::verify::Conclusion;
use serde::Serialize;

use crate::output::exit::ExitStatus;
use crate::output::{BAD, GOOD, WARN, paint};

/// The outcome for an artifact or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerificationOutcome {
    /// The signature is valid and trusted.
    Verified,
    /// The policy skips verification.
    Skipped,
    /// There is no valid signature of a trusted signer.
    Refused,
    /// No verdict was reached; a retry may succeed.
    Undetermined,
    /// No verdict was reached, because the configuration or a permission is wrong, or the artifact does not exist.
    Misconfigured,
}

impl From<Conclusion> for VerificationOutcome {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Verified => Self::Verified,
            Conclusion::Skipped => Self::Skipped,
            Conclusion::NotVerified(disposition) => disposition.into(),
        }
    }
}

impl From<Disposition> for VerificationOutcome {
    fn from(disposition: Disposition) -> Self {
        match disposition {
            Disposition::Refused => Self::Refused,
            Disposition::Undetermined => Self::Undetermined,
            Disposition::Misconfigured => Self::Misconfigured,
        }
    }
}

/// An artifact that its policy skips counts as done.
impl From<VerificationOutcome> for ExitStatus {
    fn from(outcome: VerificationOutcome) -> Self {
        match outcome {
            VerificationOutcome::Verified | VerificationOutcome::Skipped => Self::DONE,
            VerificationOutcome::Refused => Disposition::Refused.into(),
            VerificationOutcome::Undetermined => Disposition::Undetermined.into(),
            VerificationOutcome::Misconfigured => Disposition::Misconfigured.into(),
        }
    }
}

impl VerificationOutcome {
    /// The outcome in a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
            Self::Undetermined => "undetermined",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// The word in text output.
    #[must_use]
    pub fn word(self) -> String {
        let style = match self {
            Self::Verified => GOOD,
            Self::Skipped | Self::Undetermined => WARN,
            Self::Refused | Self::Misconfigured => BAD,
        };
        paint(style, self.as_str())
    }
}
