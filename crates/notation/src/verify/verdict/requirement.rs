//! A demand beyond the trust policy's: that several signers have signed, each for itself.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use aws_names::ProfileArn;
use notary::text::printable;

use super::{Conclusion, SignatureDetails, SignatureVerdict, Verdict, open_conclusion};

/// How many signers must have signed. It is judged by a verdict for which
/// [all signatures](super::super::Evaluate::All) were evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// How many different signers. Several signatures of one profile, of whichever version, count once.
    pub signatures: NonZeroUsize,
    /// The signing profiles that count. When it is empty, every signer counts that the policy trusts: profiles by their ARN,
    /// others by the subject of their certificate.
    pub from: Vec<ProfileArn>,
}

/// Why a requirement is not met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// It asks for more than it lets count.
    #[error("{needed} signers are required, and {}; require fewer, or name more profiles", profiles(*.named))]
    Impossible {
        /// How many are required.
        needed: NonZeroUsize,
        /// How many profiles may make them.
        named: usize,
    },
    /// The policy has nothing verified, so nobody is known to have signed.
    #[error("{} required, and the trust policy {policy:?} skips verification", signers(*.needed))]
    Skipped {
        /// How many are required.
        needed: NonZeroUsize,
        /// The policy's name.
        policy: String,
    },
    /// Not enough signers have signed.
    #[error("{} required, and {} verified{}{}", signers(*.needed), .found.len(), listed(" (", .found, ")"), listed("; those of ", .missing, " are missing"))]
    Missing {
        /// How many are required.
        needed: NonZeroUsize,
        /// The signers whose signatures verified and count.
        found: Vec<String>,
        /// The named profiles without such a signature.
        missing: Vec<String>,
        /// Whether signatures are among the others of which could not be found out whether they verify.
        undetermined: bool,
        /// Whether for one of these that is because of the configuration, the credentials or a permission of this side.
        misconfigured: bool,
    },
}

fn signers(needed: NonZeroUsize) -> String {
    match needed.get() {
        1 => "the signature of one signer is".to_owned(),
        needed => format!("signatures of {needed} signers are"),
    }
}

fn profiles(named: usize) -> String {
    if named == 1 { "one signing profile is named".to_owned() } else { format!("{named} signing profiles are named") }
}

fn listed(before: &str, names: &[String], after: &str) -> String {
    if names.is_empty() { String::new() } else { printable(&format!("{before}{}{after}", names.join(", "))) }
}

impl RequirementError {
    /// Whether a later try may end otherwise.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        match self {
            Self::Missing { misconfigured: true, .. } => Conclusion::Misconfigured,
            Self::Missing { undetermined: true, .. } => Conclusion::Undetermined,
            _ => Conclusion::Refused,
        }
    }
}

impl Verdict {
    /// Whether enough signers have signed, each with a signature that verified and is trusted.
    ///
    /// # Errors
    /// [`RequirementError`] says who is missing.
    pub fn meets(&self, requirement: &Requirement) -> Result<(), RequirementError> {
        let needed = requirement.signatures;
        let named: BTreeSet<String> = requirement.from.iter().map(ToString::to_string).collect();
        if !named.is_empty() && named.len() < needed.get() {
            return Err(RequirementError::Impossible { needed, named: named.len() });
        }
        if let Self::Skipped { policy, .. } = self {
            return Err(RequirementError::Skipped { needed, policy: policy.clone() });
        }
        let counts = |signer: &String| named.is_empty() || named.contains(signer);
        let found: BTreeSet<String> = self.trusted_signatures().map(signer).filter(counts).collect();
        if found.len() >= needed.get() {
            return Ok(());
        }
        let open = open_conclusion(self.signatures().iter().filter_map(SignatureVerdict::refusal));
        let (undetermined, misconfigured) = (open.is_some(), open == Some(Conclusion::Misconfigured));
        let missing = named.difference(&found).cloned().collect();
        Err(RequirementError::Missing {
            needed,
            found: found.into_iter().collect(),
            missing,
            undetermined,
            misconfigured,
        })
    }
}

/// Who signed: a profile's ARN, or the subject of a certificate.
fn signer(signature: &SignatureDetails) -> String {
    match signature.aws_signer() {
        Some(attributes) => attributes.profile_version.profile().to_string(),
        None => signature.subject(),
    }
}
