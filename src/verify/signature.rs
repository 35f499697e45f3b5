//! The checks of one signature, in their order, and what the policy makes of each.

use time::OffsetDateTime;

use super::options::VerifyOptions;
use super::policy::VerificationPolicy;
use super::signer::Signer;
use super::verdict::{CheckFailure, CheckOutcome, CheckResult, SignatureDetails, SignatureVerdict};
use super::{authentic_timestamp, authenticity, revocation};
use crate::aws::Deadline;
use crate::envelope::{Descriptor, Envelope, Payload, SignedAttributes, VerifiedEnvelope};
use crate::text::rfc3339;
use crate::trust::policy::ValidationAction;
use crate::trust::policy::ValidationType::{self, AuthenticTimestamp, Authenticity, Expiry, Integrity, Revocation};

/// What all signatures of an artifact are verified by.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) policy: &'a VerificationPolicy,
    pub(super) options: &'a VerifyOptions,
    pub(super) deadline: Deadline,
}

/// The verification of one signature.
struct Verification<'a> {
    context: Context<'a>,
    checks: Vec<CheckResult>,
    signature: Option<SignatureDetails>,
}

/// A check that is enforced has failed, and is the last entry in the list of checks.
struct Refused;

/// Verifies the signature that `manifest` names, with its envelope or why there is none. `is_of` says whether a payload is of the
/// content that is verified, and how one knows.
pub(super) async fn verify(
    context: Context<'_>,
    manifest: Descriptor,
    envelope: Result<Vec<u8>, CheckFailure>,
    is_of: impl FnOnce(&VerifiedEnvelope, &Payload) -> Result<String, CheckFailure>,
) -> SignatureVerdict {
    let mut verification = Verification { context, checks: Vec::new(), signature: None };
    // The check that ended it is the last entry of the list; there is nothing to add to it.
    let _ = verification.run(envelope, is_of).await;
    SignatureVerdict { manifest, checks: verification.checks, signature: verification.signature }
}

impl Verification<'_> {
    async fn run(
        &mut self,
        envelope: Result<Vec<u8>, CheckFailure>,
        is_of: impl FnOnce(&VerifiedEnvelope, &Payload) -> Result<String, CheckFailure>,
    ) -> Result<(), Refused> {
        let Context { policy, options, deadline } = self.context;
        let (details, reason) = match envelope.and_then(|bytes| integrity(&bytes, options, is_of)) {
            Ok(found) => found,
            Err(failure) => return self.conclude(Integrity, Err(failure)).and(Err(Refused)),
        };
        self.signature = Some(details.clone());
        let SignatureDetails { envelope, signer, .. } = details;
        self.conclude(Integrity, Ok(reason))?;
        let authenticity = authenticity::check(policy, &envelope, &signer);
        let is_authentic = authenticity.is_ok();
        self.conclude(Authenticity, authenticity)?;
        self.conclude(Expiry, expiry(envelope.attributes(), options.now))?;
        self.conclude(AuthenticTimestamp, authentic_timestamp::check(policy, &envelope, options.now))?;
        match policy.verification.action(Revocation) {
            ValidationAction::Skip => {
                self.skip(Revocation, format!("the trust policy {:?} skips it", policy.name()));
                Ok(())
            }
            // Whoever signed would otherwise choose whom this program calls, and nothing hangs on the answer.
            ValidationAction::Log if !is_authentic => {
                self.skip(Revocation, "the signer is not trusted, so nobody is asked on its word".to_owned());
                Ok(())
            }
            ValidationAction::Log | ValidationAction::Enforce => {
                let revocation = revocation::check(&envelope, &signer, &options.config, deadline).await;
                self.conclude(Revocation, revocation)
            }
        }
    }

    fn skip(&mut self, check: ValidationType, reason: String) {
        self.checks.push(CheckResult { check, outcome: CheckOutcome::Skipped(reason) });
    }

    /// Adds the outcome of a check that was made to the list. Integrity is enforced whatever a policy says.
    fn conclude(&mut self, check: ValidationType, result: Result<String, CheckFailure>) -> Result<(), Refused> {
        let is_logged = check != Integrity && self.context.policy.verification.action(check) == ValidationAction::Log;
        let (outcome, end) = match result {
            Ok(reason) => (CheckOutcome::Passed(reason), Ok(())),
            Err(failure) if is_logged => (CheckOutcome::Logged(failure), Ok(())),
            Err(failure) => (CheckOutcome::Failed(failure), Err(Refused)),
        };
        self.checks.push(CheckResult { check, outcome });
        end
    }
}

/// The validation `integrity`, and who made the signature: critical attributes that nobody here understands are refused at every
/// level, and so is metadata that was not signed and is demanded.
fn integrity(
    bytes: &[u8],
    options: &VerifyOptions,
    is_of: impl FnOnce(&VerifiedEnvelope, &Payload) -> Result<String, CheckFailure>,
) -> Result<(SignatureDetails, String), CheckFailure> {
    let envelope = Envelope::parse(bytes).map_err(CheckFailure::of)?;
    let envelope = envelope.verify_integrity().map_err(CheckFailure::of)?;
    let payload = Payload::parse(envelope.payload()).map_err(CheckFailure::of)?;
    let reason = is_of(&envelope, &payload)?;
    for (key, demanded) in &options.user_metadata {
        let why = match payload.target_artifact.annotations.get(key) {
            Some(signed) if signed == demanded => continue,
            Some(signed) => format!("the metadata {key:?} was signed as {signed:?}, and {demanded:?} is demanded"),
            None => format!("the metadata {key:?} was not signed, and {demanded:?} is demanded"),
        };
        return Err(CheckFailure::new(why));
    }
    let signer = Signer::of(envelope.attributes()).map_err(CheckFailure::of)?;
    Ok((SignatureDetails { envelope, payload, signer }, reason))
}

/// The validation `expiry`.
fn expiry(attributes: &SignedAttributes, now: OffsetDateTime) -> Result<String, CheckFailure> {
    match attributes.expiry {
        None => Ok("the signature does not expire".to_owned()),
        Some(expiry) if now >= expiry => {
            Err(CheckFailure::new(format!("the signature expired at {}", rfc3339(expiry)))
                .with_remedy("Sign the artifact again, if it is still to be used."))
        }
        Some(expiry) => Ok(format!("the signature expires at {}", rfc3339(expiry))),
    }
}
