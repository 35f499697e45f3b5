//! A requirement beyond the trust policy: that several signers have signed.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use aws_names::ProfileArn;
use notary::text::printable;
use notary::{Disposition, ReasonCode};

use super::{SignatureVerdict, Verdict, disposition};
use crate::verify::finding::MatchedIdentity;

/// How many signers must have signed. [All signatures](super::super::Evaluate::All) must have been checked for the
/// verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The number of different signers. Several signatures of one profile, of any version, count once.
    pub signers: NonZeroUsize,
    /// The signing profiles that count. If empty, every trusted identity of the policy counts that a signer matched:
    /// once, however many subjects match it.
    pub from: Vec<ProfileArn>,
}

/// Why a requirement is not met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// More signers are required than may count.
    #[error("{needed} signers are required, but {}", profiles(*.named))]
    Impossible {
        /// The required number.
        needed: NonZeroUsize,
        /// The number of profiles that count.
        named: usize,
    },
    /// The policy skips verification, so no signer is known.
    #[error("{} required, but the trust policy {policy:?} skips verification", signatures(*.needed))]
    Skipped {
        /// The required number.
        needed: NonZeroUsize,
        /// The policy's name.
        policy: String,
    },
    /// The policy trusts every identity, so it does not tell signers apart.
    #[error(
        "{} required, but the trust policy trusts every identity (\"*\"), which counts once: list the trusted identities",
        signatures(*.needed)
    )]
    AnyIdentity {
        /// The required number.
        needed: NonZeroUsize,
    },
    /// Too few signers are known to have signed, because not all signatures were checked.
    #[error("{} required, but {left} signatures were not checked: all must be", signatures(*.needed))]
    Unchecked {
        /// The required number.
        needed: NonZeroUsize,
        /// The number of signatures that were not checked.
        left: usize,
    },
    /// Too few signers have signed.
    #[error("{} required, but {} verified{}{}", signatures(*.needed), .found.len(), listed(" (", .found, ")"), listed("; missing: ", .missing, ""))]
    Missing {
        /// The required number.
        needed: NonZeroUsize,
        /// The signers whose signatures verified and count.
        found: Vec<String>,
        /// The named profiles without such a signature.
        missing: Vec<String>,
        /// The code: [`ReasonCode::MissingSigners`], unless a signature was not judged that could be a missing one.
        /// Then it is the code of the reason for that.
        code: ReasonCode,
    },
}

fn signatures(needed: NonZeroUsize) -> String {
    match needed.get() {
        1 => "the signature of one signer is".to_owned(),
        needed => format!("signatures of {needed} signers are"),
    }
}

fn profiles(named: usize) -> String {
    if named == 1 {
        "only one signing profile counts".to_owned()
    } else {
        format!("only {named} signing profiles count")
    }
}

fn listed(before: &str, names: &[String], after: &str) -> String {
    if names.is_empty() { String::new() } else { printable(&format!("{before}{}{after}", names.join(", "))) }
}

impl RequirementError {
    /// Returns what it means for the caller.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code().disposition()
    }

    /// Returns the stable name of the kind of failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Impossible { .. } | Self::AnyIdentity { .. } | Self::Unchecked { .. } => ReasonCode::Configuration,
            Self::Skipped { .. } => ReasonCode::MissingSigners,
            Self::Missing { code, .. } => *code,
        }
    }
}

impl Verdict {
    /// Checks that enough signers have signed, each with a signature that verified and is trusted.
    ///
    /// # Errors
    /// Returns [`RequirementError`] if signers are missing, or cannot suffice.
    pub fn meets(&self, requirement: &Requirement) -> Result<(), RequirementError> {
        let needed = requirement.signers;
        let named: BTreeSet<String> = requirement.from.iter().map(ToString::to_string).collect();
        if !named.is_empty() && named.len() < needed.get() {
            return Err(RequirementError::Impossible { needed, named: named.len() });
        }
        if self.skipped {
            return Err(RequirementError::Skipped { needed, policy: self.policy.clone() });
        }
        let counts = |signer: &String| named.is_empty() || named.contains(signer);
        let matched: BTreeSet<_> = self.signatures.iter().filter_map(SignatureVerdict::matched_identity).collect();
        let found: BTreeSet<String> = matched.iter().map(ToString::to_string).filter(counts).collect();
        if found.len() >= needed.get() {
            return Ok(());
        }
        if named.is_empty() && matched.contains(&MatchedIdentity::Any) {
            return Err(RequirementError::AnyIdentity { needed });
        }
        if self.unchecked > 0 {
            return Err(RequirementError::Unchecked { needed, left: self.unchecked });
        }
        let code = match disposition(self.signatures.iter().filter_map(SignatureVerdict::reason)) {
            Disposition::Refused => None,
            open => self.most_urgent(open).map(|(_, reason)| reason.code()),
        };
        let code = code.unwrap_or(ReasonCode::MissingSigners);
        let missing = named.difference(&found).cloned().collect();
        Err(RequirementError::Missing { needed, found: found.into_iter().collect(), missing, code })
    }
}
