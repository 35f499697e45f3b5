//! The verification flow: resolve the artifact, find its signatures, and check each as the trust policy says: integrity,
//! authenticity, expiry, authentic timestamp, revocation. notaryproject/specifications, `trust-store-trust-policy.md`,
//! "Signature Verification".

mod authentic_timestamp;
mod authenticity;
mod policy;
mod revocation;
mod signer;
mod verdict;

use time::OffsetDateTime;

pub use self::policy::{Trust, VerificationPolicy};
use self::signer::Signer;
pub use self::verdict::{CheckFailure, CheckOutcome, CheckResult, SignatureVerdict, Verdict};
use crate::aws::{Deadline, SignerConfig};
use crate::envelope::{Descriptor, Envelope, MAX_ENVELOPE_SIZE, Payload, SignedAttributes, VerifiedEnvelope};
use crate::registry::{Manifest, Store, StoreError, Target};
use crate::text::rfc3339;
pub use crate::trust::policy::{ValidationAction, ValidationType};

/// How many signatures of an artifact are looked at. Each costs time and calls, and whoever may write beside the artifact
/// decides how many there are.
const MAX_SIGNATURES: usize = 100;

/// Verifies an artifact of a registry or a layout with all of its signatures, as the policy says. At level `skip` no signature
/// is looked at.
///
/// # Errors
/// [`StoreError`] when the artifact or the list of its signatures cannot be read, or the list has more than 100. Whatever is
/// wrong with a signature is in the [`Verdict`].
pub async fn verify_artifact(
    store: &Store,
    target: &Target,
    policy: &VerificationPolicy,
    config: &SignerConfig,
    now: OffsetDateTime,
    deadline: Deadline,
) -> Result<Verdict, StoreError> {
    let artifact = store.resolve(target).await?;
    if policy.is_skip() {
        return Ok(Verdict::Skipped { artifact, policy: policy.name().to_owned() });
    }
    let mut signatures = Vec::new();
    for signature in store.signatures(&artifact, MAX_SIGNATURES).await? {
        let mut verification =
            Verification { store, artifact: &artifact, policy, config, now, deadline, checks: Vec::new() };
        // The check that ended it is the last entry of the list; there is nothing to add to it.
        let _ = match signature.manifest {
            Ok(manifest) => verification.run(&manifest).await,
            Err(why) => verification.conclude(ValidationType::Integrity, Err(CheckFailure::of(why))),
        };
        signatures.push(SignatureVerdict { manifest: signature.descriptor, checks: verification.checks });
    }
    Ok(Verdict::Checked { artifact, signatures })
}

/// The verification of one signature.
struct Verification<'a> {
    store: &'a Store,
    artifact: &'a Descriptor,
    policy: &'a VerificationPolicy,
    config: &'a SignerConfig,
    now: OffsetDateTime,
    deadline: Deadline,
    checks: Vec<CheckResult>,
}

/// A check that is enforced has failed, and is the last entry in the list of checks.
struct Refused;

impl Verification<'_> {
    async fn run(&mut self, manifest: &Manifest) -> Result<(), Refused> {
        use ValidationType::{AuthenticTimestamp, Authenticity, Expiry, Integrity, Revocation};
        let (envelope, signer) = match self.integrity(manifest).await {
            Ok(found) => found,
            Err(failure) => return self.conclude(Integrity, Err(failure)).and(Err(Refused)),
        };
        let reason = format!("signed over {}, altered neither there nor in the envelope", self.artifact.digest);
        self.conclude(Integrity, Ok(reason))?;
        self.conclude(Authenticity, authenticity::check(self.policy, &envelope, &signer))?;
        self.conclude(Expiry, self.expiry(envelope.attributes()))?;
        self.conclude(AuthenticTimestamp, authentic_timestamp::check(self.policy, &envelope, self.now))?;
        if self.policy.verification.action(Revocation) == ValidationAction::Skip {
            let reason = format!("the trust policy {:?} skips it", self.policy.name());
            self.checks.push(CheckResult { check: Revocation, outcome: CheckOutcome::Skipped(reason) });
            return Ok(());
        }
        self.conclude(Revocation, revocation::check(&envelope, &signer, self.config, self.deadline).await)
    }

    /// Adds the outcome of a check that was made to the list. Integrity is enforced whatever a policy says.
    fn conclude(&mut self, check: ValidationType, result: Result<String, CheckFailure>) -> Result<(), Refused> {
        let is_logged =
            check != ValidationType::Integrity && self.policy.verification.action(check) == ValidationAction::Log;
        let (outcome, end) = match result {
            Ok(reason) => (CheckOutcome::Passed(reason), Ok(())),
            Err(failure) if is_logged => (CheckOutcome::Logged(failure), Ok(())),
            Err(failure) => (CheckOutcome::Failed(failure), Err(Refused)),
        };
        self.checks.push(CheckResult { check, outcome });
        end
    }

    /// The validation `integrity`, and who made the signature: critical attributes that nobody here understands are refused at
    /// every level.
    async fn integrity(&self, manifest: &Manifest) -> Result<(VerifiedEnvelope, Signer), CheckFailure> {
        let stored = manifest.envelope().map_err(CheckFailure::of)?;
        let bytes = self.store.blob(stored, MAX_ENVELOPE_SIZE as u64).await.map_err(CheckFailure::of)?;
        let envelope = Envelope::parse(&bytes).map_err(CheckFailure::of)?;
        let envelope = envelope.verify_integrity().map_err(CheckFailure::of)?;
        let payload = Payload::parse(envelope.payload()).map_err(CheckFailure::of)?;
        if !payload.target_artifact.is_same_content(self.artifact) {
            return Err(CheckFailure::new(format!(
                "the signature is over {}, not over this artifact",
                payload.target_artifact.digest
            )));
        }
        let signer = Signer::of(envelope.attributes()).map_err(CheckFailure::of)?;
        Ok((envelope, signer))
    }

    /// The validation `expiry`.
    fn expiry(&self, attributes: &SignedAttributes) -> Result<String, CheckFailure> {
        match attributes.expiry {
            None => Ok("the signature does not expire".to_owned()),
            Some(expiry) if self.now >= expiry => {
                Err(CheckFailure::new(format!("the signature expired at {}", rfc3339(expiry))))
            }
            Some(expiry) => Ok(format!("the signature expires at {}", rfc3339(expiry))),
        }
    }
}
