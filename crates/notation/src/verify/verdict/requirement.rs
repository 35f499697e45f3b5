//! A requirement beyond the trust policy: that several signers have signed.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use aws_names::SignerArn;
use notary::text::printable;
use notary::{Disposition, ReasonCode};

use super::{SignatureVerdict, Signed, Verdict, disposition};

/// How many signers must have signed. [All signatures](super::super::Evaluate::All) must have been checked for the
/// verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The number of different signers. Several signatures of one profile, of any version, count once, and so do those
    /// through one alias.
    pub signers: NonZeroUsize,
    /// The signing profiles and aliases that count. If empty, every signer counts that the policy trusts: profiles by
    /// their ARN, others by the subject of their certificate.
    pub from: Vec<SignerArn>,
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
            Self::Impossible { .. } | Self::Unchecked { .. } => ReasonCode::Configuration,
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
        let names = |signed: &&Signed| requirement.from.iter().any(|signer| signed.is_by(signer));
        let counted: Vec<&Signed> = self.trusted().filter(|signed| named.is_empty() || names(signed)).collect();
        let found = signers(&counted);
        if found.len() >= needed.get() {
            return Ok(());
        }
        if self.unchecked > 0 {
            return Err(RequirementError::Unchecked { needed, left: self.unchecked });
        }
        let code = match disposition(self.signatures.iter().filter_map(SignatureVerdict::reason)) {
            Disposition::Refused => None,
            open => self.most_urgent(open).map(|(_, reason)| reason.code()),
        };
        let code = code.unwrap_or(ReasonCode::MissingSigners);
        let is_missing = |signer: &&SignerArn| !counted.iter().any(|signed| signed.is_by(signer));
        let missing: BTreeSet<String> = requirement.from.iter().filter(is_missing).map(ToString::to_string).collect();
        let missing = missing.into_iter().collect();
        Err(RequirementError::Missing { needed, found: found.into_iter().collect(), missing, code })
    }
}

/// The different signers of signatures, each by the name in its first signature.
fn signers(signatures: &[&Signed]) -> BTreeSet<String> {
    let mut groups: Vec<Vec<&Signed>> = Vec::new();
    for signed in signatures {
        let is_of = |group: &Vec<&Signed>| group.iter().any(|other| other.has_signer_of(signed));
        let (same, mut others): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_of);
        others.push(same.into_iter().flatten().chain([*signed]).collect());
        groups = others;
    }
    groups.iter().filter_map(|group| group.first()).map(|signed| signed.signer()).collect()
}
