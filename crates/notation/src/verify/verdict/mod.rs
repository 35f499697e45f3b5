//! The verdict of a verification: plain data about each check, each signature and the artifact.

mod check;
mod requirement;
mod signature;

use aws_names::{SignerArn, SigningProfileVersion};
use notary::trust::policy::ValidationType;
use notary::{Advice, Descriptor, Disposition, ReasonCode};
use serde::Serialize;

pub use self::check::{Check, CheckOutcome, CheckResult};
pub use self::requirement::{Requirement, RequirementError};
pub use self::signature::{CertificateSummary, SignatureVerdict, Signed, TimestampSummary};
use super::reason::Reason;

/// The verdict about an artifact.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The artifact.
    pub artifact: Descriptor,
    /// The name of the trust policy.
    pub policy: String,
    /// Whether the policy skips verification: no signature was read, and nothing is known about the artifact.
    pub skipped: bool,
    /// The signatures in the order in which they were checked.
    pub signatures: Vec<SignatureVerdict>,
    /// How many more signatures there are, not checked because one before them verified.
    pub unchecked: usize,
}

/// What a verdict comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Conclusion {
    /// A signature verified.
    Verified,
    /// The policy skips verification.
    Skipped,
    /// No signature verified.
    NotVerified(Disposition),
}

/// Returns the disposition of failures of which one would have to be absent for success: what is misconfigured or
/// undetermined could still turn out well, so it comes before what is refused.
fn disposition<'a>(reasons: impl Iterator<Item = &'a Reason>) -> Disposition {
    let dispositions: Vec<Disposition> = reasons.map(Reason::disposition).collect();
    let first = [Disposition::Misconfigured, Disposition::Undetermined].into_iter().find(|d| dispositions.contains(d));
    first.unwrap_or(Disposition::Refused)
}

impl Verdict {
    /// Whether a signature verified. An artifact without signatures is not verified, and neither is one whose policy
    /// skips verification.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.signatures.iter().any(SignatureVerdict::is_verified)
    }

    /// Returns what the verdict comes to.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        if self.skipped {
            Conclusion::Skipped
        } else if self.is_verified() {
            Conclusion::Verified
        } else {
            Conclusion::NotVerified(disposition(self.signatures.iter().filter_map(SignatureVerdict::reason)))
        }
    }

    /// Returns the signature and the reason that decide that the artifact is not verified: of the reasons with the
    /// disposition of the [conclusion](Self::conclusion) the most urgent one. `None` if the artifact is verified or
    /// skipped, or has no signature.
    #[must_use]
    pub fn deciding(&self) -> Option<(&SignatureVerdict, &Reason)> {
        match self.conclusion() {
            Conclusion::NotVerified(disposition) => self.most_urgent(disposition),
            Conclusion::Verified | Conclusion::Skipped => None,
        }
    }

    /// Returns the signature that is not accepted for the most urgent reason with this disposition.
    fn most_urgent(&self, disposition: Disposition) -> Option<(&SignatureVerdict, &Reason)> {
        let failed = self.signatures.iter().filter_map(|signature| Some((signature, signature.failed()?)));
        let decides = failed.filter(|(_, (_, reason))| reason.disposition() == disposition);
        let (signature, (_, reason)) = decides.min_by_key(|(_, (check, reason))| urgency(*check, reason))?;
        Some((signature, reason))
    }

    /// Returns the reason that decides: see [`Self::deciding`].
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.deciding().map(|(_, reason)| reason)
    }

    /// Returns the code of the reason that decides; [`ReasonCode::Unsigned`] for an artifact without signatures.
    #[must_use]
    pub fn code(&self) -> Option<ReasonCode> {
        match self.conclusion() {
            Conclusion::Verified | Conclusion::Skipped => None,
            Conclusion::NotVerified(_) => Some(self.reason().map_or(ReasonCode::Unsigned, Reason::code)),
        }
    }

    /// Returns what to do about an artifact that is not verified. A revocation comes first, so that advice never says
    /// how to have another signature accepted instead; then what could still verify, then what was accepted once, and
    /// strangers last.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        if self.code()? == ReasonCode::Unsigned {
            return Some(Advice::Sign);
        }
        let mut failed: Vec<_> = self.signatures.iter().filter_map(SignatureVerdict::failed).collect();
        failed.sort_by_key(|(check, reason)| urgency(*check, reason));
        failed.into_iter().find_map(|(_, reason)| reason.advice())
    }

    /// Returns the signing profiles whose signatures verified and are trusted, each once: those that are named, and the
    /// aliased ones.
    #[must_use]
    pub fn verified_profiles(&self) -> Vec<SignerArn> {
        let mut profiles = Vec::new();
        for version in self.trusted().filter_map(|signed| signed.profile_version.as_ref()) {
            let profile = match version {
                SigningProfileVersion::Profile(version) => SignerArn::Profile(version.profile().clone()),
                SigningProfileVersion::Aliased(profile) => SignerArn::Aliased(profile.clone()),
            };
            if !profiles.contains(&profile) {
                profiles.push(profile);
            }
        }
        profiles
    }

    /// Returns the signatures that verified and whose signer is trusted.
    fn trusted(&self) -> impl Iterator<Item = &Signed> {
        self.signatures.iter().filter_map(SignatureVerdict::trusted)
    }
}

/// Ranks the reasons why signatures are not accepted, the most urgent first.
fn urgency(check: Check, reason: &Reason) -> u8 {
    match (reason.code(), reason.disposition()) {
        (ReasonCode::Revoked, _) => 0,
        (_, Disposition::Misconfigured) => 1,
        (_, Disposition::Undetermined) => 2,
        (ReasonCode::Expired, _) => 3,
        (ReasonCode::Metadata, _) => 4,
        _ if check == ValidationType::Authenticity => 6,
        _ => 5,
    }
}
