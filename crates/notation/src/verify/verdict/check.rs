//! What came of each check of a signature.

use std::fmt;

use aws_signer::RevokedEntity;
use notary::text::printable;
use notary::trust::policy::ValidationType;

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
    /// Whether what is in the way of an undetermined check is the configuration, the credentials or a permission of this side:
    /// a later try ends otherwise only when that was put right.
    pub misconfigured: bool,
    /// What to do about it, where this check knows better than [`Self::advice`].
    pub remedy: Option<String>,
}

impl CheckFailure {
    /// What an envelope holds may be as long as an envelope; it is shown to people and kept in logs.
    pub(crate) fn new(reason: impl AsRef<str>) -> Self {
        let reason = printable(reason.as_ref());
        Self { reason, revoked: Vec::new(), undetermined: false, misconfigured: false, remedy: None }
    }

    /// The check could not be made: what it needs cannot be reached or read at the moment.
    pub(crate) fn undetermined(reason: impl AsRef<str>) -> Self {
        Self { undetermined: true, ..Self::new(reason) }
    }

    /// The check could not be made: the configuration, the credentials or a permission of this side are not right.
    pub(crate) fn misconfigured(reason: impl AsRef<str>) -> Self {
        Self { misconfigured: true, ..Self::undetermined(reason) }
    }

    pub(crate) fn of(error: impl std::fmt::Display) -> Self {
        Self::new(error.to_string())
    }

    /// As it is, with what to do about it.
    pub(crate) fn with_remedy(self, remedy: impl AsRef<str>) -> Self {
        Self { remedy: Some(printable(remedy.as_ref())), ..self }
    }

    /// What to do about it, in a sentence, where there is something beside not using the artifact.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        const MISCONFIGURED: &str =
            "Correct the setting, the credentials or the permission that is named; until then nothing is known.";
        match (&self.remedy, self.revoked.is_empty(), self.undetermined) {
            (Some(remedy), ..) => Some(remedy),
            (None, false, _) => Some(OF_REVOKED),
            (None, true, true) if self.misconfigured => Some(MISCONFIGURED),
            (None, true, true) => Some("Remove the cause that is named and try again; until then nothing is known."),
            (None, true, false) => None,
        }
    }
}

/// What to do about what was revoked.
pub(super) const OF_REVOKED: &str = "Do not deploy the artifact: find out why it was revoked, and what replaces it.";

/// What a signature is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// One of the specification's validations, of which the trust policy says what a failure means.
    Validation(ValidationType),
    /// The metadata that the caller demands was signed: [`user_metadata`](super::super::VerifyOptions::user_metadata). It is
    /// enforced whatever a policy says, and made only where there is such a demand.
    UserMetadata,
}

impl Check {
    /// Its name; a validation has the one that trust policies have for it.
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

    /// The word for it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Failed(_) => "failed",
            Self::Logged(_) => "logged",
            Self::Skipped(_) => "skipped",
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
    pub check: Check,
    /// What came of it.
    pub outcome: CheckOutcome,
}
