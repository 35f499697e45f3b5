//! Shared by the verifying commands: options, the choice of the policy, and the report of a signature.

mod args;
mod policies;
mod report;
mod show;
mod signature;

pub use args::{VerificationArgs, strays};
use notary::trust::policy::ValidationType;
use notation::verify::{CheckOutcome, Verdict, VerificationPolicy};
pub use policies::{Policies, TrustedProfile};
pub use report::Outcome;
pub use show::{note_skipped, show_advice, show_signature};
pub use signature::SignatureReport;

use crate::output::exit::CliError;

/// The error if no signature verified, a signer is not trusted, and a trust store of the policy cannot be read. The unreadable store
/// might trust that signer, so this is a configuration error and not a refusal.
#[must_use]
pub fn unreadable_stores(policy: &VerificationPolicy, verdict: &Verdict) -> Option<CliError> {
    let is_untrusted = |outcome: Option<&CheckOutcome>| outcome.is_some_and(CheckOutcome::is_refused);
    let is_concerned = !verdict.is_verified()
        && verdict.signatures().iter().any(|signature| is_untrusted(signature.outcome(ValidationType::Authenticity)));
    let reasons: Vec<&str> = policy.unreadable().filter(|_| is_concerned).collect();
    (!reasons.is_empty()).then(|| CliError::usage(format!("a trust store cannot be read: {}", reasons.join("; "))))
}
