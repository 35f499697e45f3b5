//! What a caller requires of an artifact beyond the trust policy.

use notary::UserMetadata;

/// What a caller requires beyond the trust policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demands {
    /// Metadata that must have been signed: a signature without it is refused.
    pub user_metadata: UserMetadata,
    /// Which signatures are checked.
    pub evaluate: Evaluate,
}

/// Which signatures of an artifact are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Evaluate {
    /// One after the other until one verifies, which is all that a trust policy requires. Revocation checks count
    /// towards a quota.
    #[default]
    UntilVerified,
    /// All, for a report or a [`Requirement`](super::Requirement) of several signers.
    All,
}
