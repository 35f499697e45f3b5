//! What verification finds: of each check, of each signature, of the artifact.

use crate::aws::RevokedEntity;
use crate::envelope::Descriptor;
use crate::text::printable;
use crate::trust::policy::ValidationType;

/// Why a check failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CheckFailure {
    /// The reason, in a sentence.
    pub reason: String,
    /// What was revoked, where that is the reason.
    pub revoked: Vec<RevokedEntity>,
    /// Whether the check could not be made, rather than having found something wrong: a later try may end otherwise.
    pub undetermined: bool,
}

impl CheckFailure {
    /// What an envelope holds may be as long as an envelope; it is shown to people and kept in logs.
    pub(super) fn new(reason: impl AsRef<str>) -> Self {
        Self { reason: printable(reason.as_ref()), revoked: Vec::new(), undetermined: false }
    }

    /// The check could not be made: what it needs cannot be reached or read at the moment.
    pub(super) fn undetermined(reason: impl AsRef<str>) -> Self {
        Self { undetermined: true, ..Self::new(reason) }
    }

    pub(super) fn of(error: impl std::fmt::Display) -> Self {
        Self::new(error.to_string())
    }
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckOutcome {
    /// It passed, and why, in a sentence.
    Passed(String),
    /// It failed and is enforced: the signature is refused.
    Failed(CheckFailure),
    /// It failed, but the policy has failures of it logged only: a warning.
    Logged(CheckFailure),
    /// It was not made because the policy says so, in a sentence.
    Skipped(String),
}

impl CheckOutcome {
    /// Whether the check was made and passed.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        matches!(self, Self::Passed(_))
    }

    /// Whether the signature is refused for it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// Why the check failed, whether it is enforced or logged.
    #[must_use]
    pub fn failure(&self) -> Option<&CheckFailure> {
        match self {
            Self::Failed(failure) | Self::Logged(failure) => Some(failure),
            Self::Passed(_) | Self::Skipped(_) => None,
        }
    }

    /// The sentence that explains it.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Passed(reason) | Self::Skipped(reason) => reason,
            Self::Failed(failure) | Self::Logged(failure) => &failure.reason,
        }
    }
}

/// The outcome of one check of one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// Which check.
    pub check: ValidationType,
    /// What came of it.
    pub outcome: CheckOutcome,
}

/// What became of one signature. The checks end with the first that failed and is enforced: what comes after would rest on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureVerdict {
    /// The signature's manifest.
    pub manifest: Descriptor,
    /// The checks, in the order in which they were made.
    pub checks: Vec<CheckResult>,
}

impl SignatureVerdict {
    /// Whether the signature is accepted: integrity passed, no check that is enforced failed, and none is missing.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        let outcome = |check| self.checks.iter().find(|result| result.check == check).map(|result| &result.outcome);
        outcome(ValidationType::Integrity).is_some_and(CheckOutcome::is_passed)
            && ValidationType::ALL.iter().all(|check| outcome(*check).is_some())
            && !self.checks.iter().any(|result| result.outcome.is_refused())
    }

    /// The failures that the policy has logged only.
    pub fn warnings(&self) -> impl Iterator<Item = (ValidationType, &CheckFailure)> {
        self.checks.iter().filter_map(|result| match &result.outcome {
            CheckOutcome::Logged(failure) => Some((result.check, failure)),
            _ => None,
        })
    }
}

/// What became of an artifact.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The policy has the level `skip`: no signature was looked at, and nothing is known of the artifact.
    Skipped {
        /// The artifact.
        artifact: Descriptor,
        /// The name of the policy.
        policy: String,
    },
    /// The signatures were looked at.
    Checked {
        /// The artifact.
        artifact: Descriptor,
        /// Its signatures, in the order in which they were looked at.
        signatures: Vec<SignatureVerdict>,
    },
}

impl Verdict {
    /// Whether one of the signatures verified. An artifact without signatures is not verified, and neither is one whose policy
    /// skips verification, see [`Self::is_skipped`].
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.signatures().iter().any(SignatureVerdict::is_verified)
    }

    /// Whether the policy has the level `skip`.
    #[must_use]
    pub fn is_skipped(&self) -> bool {
        matches!(self, Self::Skipped { .. })
    }

    /// The artifact.
    #[must_use]
    pub fn artifact(&self) -> &Descriptor {
        match self {
            Self::Skipped { artifact, .. } | Self::Checked { artifact, .. } => artifact,
        }
    }

    /// The signatures that were looked at, in this order.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureVerdict] {
        match self {
            Self::Skipped { .. } => &[],
            Self::Checked { signatures, .. } => signatures,
        }
    }
}
