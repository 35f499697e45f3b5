//! The result of each check of a signature.

use std::fmt;

use notary::trust::policy::ValidationType;
use serde::{Serialize, Serializer};

use crate::verify::finding::Finding;
use crate::verify::reason::Reason;

/// A check of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// A validation of the specification. The trust policy decides what a failure means.
    Validation(ValidationType),
    /// The required metadata was signed: [`Demands::user_metadata`](super::super::Demands). Made only if metadata is
    /// required, and enforced at every verification level.
    UserMetadata,
}

impl Check {
    /// Returns the name; that of a validation is the name in trust policies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validation(validation) => validation.as_str(),
            Self::UserMetadata => "userMetadata",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<ValidationType> for Check {
    fn from(validation: ValidationType) -> Self {
        Self::Validation(validation)
    }
}

impl PartialEq<ValidationType> for Check {
    fn eq(&self, other: &ValidationType) -> bool {
        *self == Self::Validation(*other)
    }
}

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckOutcome {
    /// The check passed.
    Passed(Finding),
    /// The check failed and is enforced: the signature is not accepted.
    Failed(Reason),
    /// The check failed, but the policy only logs its failures.
    Warning(Reason),
    /// The check was not made, for this reason.
    Skipped(String),
}

impl CheckOutcome {
    /// Whether the check was made and passed.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        matches!(self, Self::Passed(_))
    }

    /// Whether the signature is not accepted because of it.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// Returns why the check failed, whether that is enforced or logged.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Failed(reason) | Self::Warning(reason) => Some(reason),
            Self::Passed(_) | Self::Skipped(_) => None,
        }
    }

    /// Returns the name in results for programs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Failed(_) => "failed",
            Self::Warning(_) => "warning",
            Self::Skipped(_) => "skipped",
        }
    }
}

/// The sentence that explains the outcome.
impl fmt::Display for CheckOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(finding) => finding.fmt(f),
            Self::Failed(reason) | Self::Warning(reason) => reason.fmt(f),
            Self::Skipped(why) => f.write_str(why),
        }
    }
}

/// A check with its outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckResult {
    /// The check.
    pub check: Check,
    /// Its outcome.
    pub outcome: CheckOutcome,
}
