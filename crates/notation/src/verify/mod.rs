//! The verification flow: resolve the artifact, find its signatures, and check each as the trust policy says: integrity,
//! authenticity, expiry, authentic timestamp, revocation. notaryproject/specifications, `trust-store-trust-policy.md`,
//! "Signature Verification".

mod authentic_timestamp;
mod authenticity;
mod blob;
mod inspection;
mod options;
mod policy;
mod revocation;
mod signature;
mod signer;
mod verdict;

use limits::Deadline;
use notary::envelope::{MAX_ENVELOPE_SIZE, Payload};
use notary::manifest::Manifest;
use notary::reference::Target;
pub use notary::trust::policy::{ValidationAction, ValidationType};
use notary::{Descriptor, Disposition};
use registry::{Content, Store, StoreError, StoredSignature};

pub use self::blob::verify_blob;
pub use self::inspection::{CheckRevocation, InspectedEnvelope, InspectedSignature, inspect_signatures};
pub use self::options::{Evaluate, VerifyOptions};
pub use self::policy::{Trust, VerificationPolicy};
use self::signature::Context;
pub use self::signer::Signer;
pub use self::verdict::{
    Check, CheckFailure, CheckOutcome, CheckResult, Conclusion, Requirement, RequirementError, SignatureDetails,
    SignatureVerdict, Verdict,
};

/// Verifies an artifact of a registry or a layout with its signatures, as the policy says. At level `skip` no signature is looked
/// at.
///
/// # Errors
/// [`StoreError`] when the artifact or the list of its signatures cannot be read, or the list has more than
/// [`VerifyOptions::max_signatures`]. Whatever is wrong with a signature is in the [`Verdict`].
pub async fn verify_artifact(
    store: &Store,
    target: &Target,
    policy: &VerificationPolicy,
    options: &VerifyOptions,
) -> Result<Verdict, StoreError> {
    verify_signatures(store, &store.resolve(target).await?, policy, options).await
}

/// As [`verify_artifact`], for an artifact that was resolved before.
///
/// # Errors
/// [`StoreError`] when the list of its signatures cannot be read, or has more than [`VerifyOptions::max_signatures`].
pub async fn verify_signatures(
    store: &Store,
    artifact: &Descriptor,
    policy: &VerificationPolicy,
    options: &VerifyOptions,
) -> Result<Verdict, StoreError> {
    let artifact = artifact.clone();
    if policy.is_skip() {
        return Ok(Verdict::Skipped { artifact, policy: policy.name().to_owned() });
    }
    let mut stored = store.list_signatures(&artifact, options.max_signatures).await?;
    let (found, policy_name) = (stored.left(), policy.name());
    tracing::info!(artifact = %artifact.digest, found, policy = policy_name, "signatures were listed");
    let deadline = Deadline::new(options.budget);
    let context = Context { policy, options, deadline };
    let mut signatures: Vec<SignatureVerdict> = Vec::new();
    while let Some(StoredSignature { descriptor, manifest }) = stored.next().await {
        let envelope = envelope(store, manifest, deadline).await;
        let verdict = signature::verify(context, descriptor, envelope, |_, payload| is_of(&artifact, payload)).await;
        let is_enough = options.evaluate == Evaluate::UntilVerified && verdict.is_verified();
        signatures.push(verdict);
        if is_enough {
            break;
        }
    }
    let left = stored.left();
    Ok(Verdict::Checked { artifact, signatures, left })
}

/// Reads the envelope of a signature.
async fn envelope(
    store: &Store,
    manifest: Result<Manifest, StoreError>,
    deadline: Deadline,
) -> Result<Content, CheckFailure> {
    let stored = manifest.map_err(not_read).and_then(|m| m.envelope().cloned().map_err(CheckFailure::of))?;
    match deadline.run(store.blob(&stored, MAX_ENVELOPE_SIZE as u64)).await {
        Some(read) => read.map_err(not_read),
        None => {
            let budget = deadline.budget().as_secs_f32();
            let why = format!("the {budget} s for the signatures of this artifact were over before it was read");
            Err(CheckFailure::undetermined(why).with_remedy("Try again, or allow more time."))
        }
    }
}

/// A signature that the store did not give is not known to be wrong, but for what the store says of it.
fn not_read(why: StoreError) -> CheckFailure {
    let failure = match why.disposition() {
        Disposition::Undetermined => CheckFailure::undetermined(why.to_string()),
        Disposition::Misconfigured => CheckFailure::misconfigured(why.to_string()),
        Disposition::Refused => CheckFailure::of(&why),
    };
    match why.advice() {
        Some(advice) => failure.with_remedy(advice.to_string()),
        None => failure,
    }
}

/// Whether a signature's payload names the artifact.
fn is_of(artifact: &Descriptor, payload: &Payload) -> Result<String, CheckFailure> {
    let signed = &payload.target_artifact;
    if signed.is_same_content(artifact) {
        return Ok(format!("signed over {}, altered neither there nor in the envelope", artifact.digest));
    }
    Err(CheckFailure::new(format!("the signature is over {}, not over this artifact", signed.digest)))
}
