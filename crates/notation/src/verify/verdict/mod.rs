//! What verification finds: of each check, of each signature, of the artifact.

mod check;
mod requirement;

use std::fmt;

use aws_names::ProfileArn;
use aws_signer::SignerAttributes;
pub use check::{Check, CheckFailure, CheckOutcome, CheckResult};
use notary::Descriptor;
use notary::envelope::{Payload, VerifiedEnvelope};
use notary::trust::policy::ValidationType;
pub use requirement::{Requirement, RequirementError};

use super::signer::Signer;

/// What became of one signature. The checks end with the first that failed and is enforced: what comes after would rest on it.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureVerdict {
    /// The signature's manifest; for the signature of a blob, which has none, the envelope.
    pub manifest: Descriptor,
    /// The checks, in the order in which they were made.
    pub checks: Vec<CheckResult>,
    /// What was signed and by whom, once integrity has passed.
    pub signature: Option<SignatureDetails>,
}

/// What a signature says whose integrity has passed. Whether its signer is trusted is said by the checks.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SignatureDetails {
    /// The envelope: signed attributes, chain, signing agent.
    pub envelope: VerifiedEnvelope,
    /// What was signed; the annotations of its descriptor are the signer's metadata.
    pub payload: Payload,
    /// Who signed.
    pub signer: Signer,
}

/// Without the bytes of the envelope and its certificates, which would hide all else.
impl fmt::Debug for SignatureDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SignatureDetails");
        shown.field("subject", &self.subject()).field("payload", &self.payload).field("signer", &self.signer);
        shown.finish_non_exhaustive()
    }
}

impl SignatureDetails {
    /// The profile version and the job, where AWS Signer signed.
    #[must_use]
    pub fn aws_signer(&self) -> Option<&SignerAttributes> {
        match &self.signer {
            Signer::AwsSigner(attributes) => Some(attributes),
            Signer::Certificate => None,
        }
    }

    /// The subject of the signing certificate.
    #[must_use]
    pub fn subject(&self) -> String {
        self.envelope.chain().leaf().subject()
    }
}

impl SignatureVerdict {
    /// Whether the signature is accepted: integrity passed, no check that is enforced failed, and none is missing.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.outcome(ValidationType::Integrity).is_some_and(CheckOutcome::is_passed)
            && ValidationType::ALL.iter().all(|check| self.outcome(*check).is_some())
            && !self.checks.iter().any(|result| result.outcome.is_refused())
    }

    /// What came of a check, where it was come to.
    #[must_use]
    pub fn outcome(&self, check: impl Into<Check>) -> Option<&CheckOutcome> {
        let check = check.into();
        self.checks.iter().find(|result| result.check == check).map(|result| &result.outcome)
    }

    /// The failure for which the signature is refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&CheckFailure> {
        self.refused().map(|(_, failure)| failure)
    }

    /// The check for which the signature is refused, with its failure.
    fn refused(&self) -> Option<(Check, &CheckFailure)> {
        let result = self.checks.iter().find(|result| result.outcome.is_refused())?;
        result.outcome.failure().map(|failure| (result.check, failure))
    }

    /// Who signed, where the signature is verified and its signer is trusted: with authenticity merely logged anybody's
    /// signature is verified.
    fn trusted_signature(&self) -> Option<&SignatureDetails> {
        let is_trusted = self.outcome(ValidationType::Authenticity).is_some_and(CheckOutcome::is_passed);
        self.signature.as_ref().filter(|_| is_trusted && self.is_verified())
    }

    /// The failures that the policy has logged only.
    pub fn warnings(&self) -> impl Iterator<Item = (Check, &CheckFailure)> {
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
        /// How many more it has, that were not looked at because one before them verified.
        left: usize,
    },
}

/// What a verdict comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// A signature verified.
    Verified,
    /// The policy has nothing verified.
    Skipped,
    /// No signature verified, and a later try would not end otherwise: what is wrong was found out, or there is none.
    Refused,
    /// No signature verified, but nothing is known against one of them: what would decide could not be found out.
    Undetermined,
    /// As [`Self::Undetermined`], and what is in the way is the configuration, the credentials or a permission of this side: a
    /// later try ends otherwise only when that was put right.
    Misconfigured,
}

/// What those refusals come to that are not definite: what is to be put right goes before what is to be waited for.
fn open_conclusion<'a>(refusals: impl Iterator<Item = &'a CheckFailure>) -> Option<Conclusion> {
    let open: Vec<_> = refusals.filter(|failure| failure.undetermined).collect();
    match open.iter().any(|failure| failure.misconfigured) {
        true => Some(Conclusion::Misconfigured),
        false => (!open.is_empty()).then_some(Conclusion::Undetermined),
    }
}

impl Verdict {
    /// Whether one of the signatures verified. An artifact without signatures is not verified, and neither is one whose policy
    /// skips verification, see [`Self::is_skipped`].
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.signatures().iter().any(SignatureVerdict::is_verified)
    }

    /// How many signatures were not looked at, because one before them verified.
    #[must_use]
    pub fn unevaluated(&self) -> usize {
        match self {
            Self::Skipped { .. } => 0,
            Self::Checked { left, .. } => *left,
        }
    }

    /// What it comes to.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        let refusals = || self.signatures().iter().filter_map(SignatureVerdict::refusal);
        match self {
            Self::Skipped { .. } => Conclusion::Skipped,
            Self::Checked { .. } if self.is_verified() => Conclusion::Verified,
            Self::Checked { .. } => open_conclusion(refusals()).unwrap_or(Conclusion::Refused),
        }
    }

    /// What to do about a verdict that is not [`Conclusion::Verified`], in a sentence. A revocation comes first, so that nobody
    /// is told how to have another signature accepted instead; then what could still verify, then what had been accepted once,
    /// and strangers last.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        match self.conclusion() {
            Conclusion::Verified | Conclusion::Skipped => return None,
            Conclusion::Refused | Conclusion::Undetermined | Conclusion::Misconfigured => {}
        }
        if self.signatures().is_empty() {
            return Some("It has no signature: sign it with notation-aws-signer sign, or copy it with its signatures.");
        }
        let mut refused: Vec<_> = self.signatures().iter().filter_map(SignatureVerdict::refused).collect();
        refused.sort_by_key(|(check, failure)| urgency(*check, failure));
        if let Some((check, failure)) = refused.first()
            && urgency(*check, failure) == REVOKED
        {
            return Some(failure.advice().unwrap_or(check::OF_REVOKED));
        }
        refused.into_iter().find_map(|(_, failure)| failure.advice())
    }

    /// The signing profiles whose signatures verified and are trusted, each once.
    #[must_use]
    pub fn verified_profiles(&self) -> Vec<ProfileArn> {
        let mut profiles = Vec::new();
        for signature in self.trusted_signatures().filter_map(SignatureDetails::aws_signer) {
            let profile = signature.profile_version.profile();
            if !profiles.contains(profile) {
                profiles.push(profile.clone());
            }
        }
        profiles
    }

    /// The signatures that verified and whose signer is trusted.
    fn trusted_signatures(&self) -> impl Iterator<Item = &SignatureDetails> {
        self.signatures().iter().filter_map(SignatureVerdict::trusted_signature)
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

/// The [`urgency`] of a revocation.
const REVOKED: u8 = 0;

/// How far back the advice about a refused signature stands.
fn urgency(check: Check, failure: &CheckFailure) -> u8 {
    use ValidationType::{Authenticity, Expiry, Revocation};
    match check {
        Check::Validation(Revocation) if !failure.undetermined => REVOKED,
        _ if failure.misconfigured => 1,
        _ if failure.undetermined => 2,
        Check::Validation(Expiry) => 3,
        Check::UserMetadata => 4,
        Check::Validation(Authenticity) => 6,
        Check::Validation(_) => 5,
    }
}
