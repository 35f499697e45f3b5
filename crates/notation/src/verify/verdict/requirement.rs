//! A requirement beyond the trust policy: that several signers have signed.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use aws_names::SignerArn;
use notary::text::printable;
use notary::{Disposition, ReasonCode};

use super::{SignatureVerdict, Signed, Verdict, disposition};
use crate::verify::finding::MatchedIdentity;

/// How many signers must have signed. [All signatures](super::super::Evaluate::All) must have been checked for the
/// verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The number of different signers. Several signatures of one profile, of any version, count once, and so do those
    /// through one alias, and those whose signers matched one trusted identity of the policy.
    pub signers: NonZeroUsize,
    /// The signing profiles and aliases that count. If empty, every signer counts that the policy trusts.
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
        let names = |signed: &&Signed| requirement.from.iter().any(|signer| signed.is_by(signer));
        let trusted = self.signatures.iter().filter_map(|signature| Trusted::new(signature, named.is_empty()));
        let counted: Vec<Trusted<'_>> = trusted.filter(|by| named.is_empty() || names(&by.signed)).collect();
        let found = signers(&counted);
        if found.len() >= needed.get() {
            return Ok(());
        }
        if counted.iter().any(|by| by.matched == Some(&MatchedIdentity::Any)) {
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
        let is_missing = |signer: &&SignerArn| !counted.iter().any(|by| by.signed.is_by(signer));
        let missing: BTreeSet<String> = requirement.from.iter().filter(is_missing).map(ToString::to_string).collect();
        let missing = missing.into_iter().collect();
        Err(RequirementError::Missing { needed, found: found.into_iter().collect(), missing, code })
    }
}

/// A signature of a trusted signer.
#[derive(Clone, Copy)]
struct Trusted<'a> {
    signed: &'a Signed,
    /// The trusted identity that the signer matched, if it counts. The holder of an authority may choose any number of
    /// subjects that match one.
    matched: Option<&'a MatchedIdentity>,
}

impl<'a> Trusted<'a> {
    fn new(signature: &'a SignatureVerdict, by_identity: bool) -> Option<Self> {
        let matched = signature.matched_identity().filter(|_| by_identity);
        Some(Self { signed: signature.trusted()?, matched })
    }

    fn has_signer_of(&self, other: &Self) -> bool {
        let same_identity = self.matched.is_some() && self.matched == other.matched;
        same_identity || self.signed.has_signer_of(other.signed)
    }

    fn name(&self) -> String {
        self.matched.map_or_else(|| self.signed.signer(), ToString::to_string)
    }
}

/// The different signers of signatures, each by the name in its first signature.
fn signers(signatures: &[Trusted<'_>]) -> BTreeSet<String> {
    let mut groups: Vec<Vec<&Trusted<'_>>> = Vec::new();
    for by in signatures {
        let is_of = |group: &Vec<&Trusted<'_>>| group.iter().any(|other| other.has_signer_of(by));
        let (same, mut others): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_of);
        others.push(same.into_iter().flatten().chain([by]).collect());
        groups = others;
    }
    groups.iter().filter_map(|group| group.first()).map(|by| by.name()).collect()
}
