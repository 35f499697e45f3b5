//! The verification flow: resolve the artifact, find its signatures, and check each as the trust policy says: integrity,
//! authenticity, expiry, authentic timestamp, revocation. notaryproject/specifications, `trust-store-trust-policy.md`,
//! "Signature Verification".

mod authentic_timestamp;
mod authenticity;
mod blob;
mod inspection;
mod options;
pub mod plugin;
mod policy;
mod revocation;
mod signature;
mod signer;
mod verdict;

pub use self::blob::verify_blob;
pub use self::inspection::{CheckRevocation, InspectedEnvelope, InspectedSignature, inspect_signatures};
pub use self::options::{Evaluate, VerifyOptions};
pub use self::policy::{Trust, VerificationPolicy};
use self::signature::Context;
pub use self::signer::Signer;
pub use self::verdict::{
    CheckFailure, CheckOutcome, CheckResult, Conclusion, Requirement, RequirementError, SignatureDetails,
    SignatureVerdict, Verdict,
};
use crate::aws::Deadline;
use crate::envelope::{Descriptor, MAX_ENVELOPE_SIZE, Payload};
use crate::registry::{Failure, LayoutError, Manifest, Store, StoreError, StoredSignature, Target};
pub use crate::trust::policy::{ValidationAction, ValidationType};

/// How many bytes the envelopes of one artifact may have together, of those that a verdict keeps: whoever may write beside the
/// artifact could fill the memory with signatures that are whole, and nobody's who is trusted. An envelope has some 10 KiB.
const MAX_KEPT: u64 = 32 * 1024 * 1024;

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
    let mut stored = store.signatures(&artifact, options.max_signatures).await?.into_iter();
    let deadline = Deadline::new(options.budget);
    let context = Context { policy, options, deadline };
    let mut signatures: Vec<SignatureVerdict> = Vec::new();
    let mut left = MAX_KEPT;
    for StoredSignature { descriptor, manifest } in stored.by_ref() {
        let envelope = envelope(store, manifest, left, deadline).await;
        let size = envelope.as_ref().map_or(0, |envelope| envelope.len() as u64);
        let verdict = signature::verify(context, descriptor, envelope, |_, payload| is_of(&artifact, payload)).await;
        let is_enough = options.evaluate == Evaluate::UntilVerified && verdict.is_verified();
        left -= if verdict.signature.is_some() { size } else { 0 };
        signatures.push(verdict);
        if is_enough {
            break;
        }
    }
    Ok(Verdict::Checked { artifact, signatures, left: stored.len() })
}

/// Reads the envelope of a signature, unless it has more bytes than may be kept.
async fn envelope(
    store: &Store,
    manifest: Result<Manifest, StoreError>,
    left: u64,
    deadline: Deadline,
) -> Result<Vec<u8>, CheckFailure> {
    let manifest = manifest.map_err(not_read)?;
    let stored = manifest.envelope().map_err(CheckFailure::of)?;
    if stored.size > left {
        let why =
            format!("with it the signatures of this artifact have more than {MAX_KEPT} bytes, the most that is read");
        return Err(CheckFailure::new(why).with_remedy("Find out who attaches such signatures, and remove them."));
    }
    match deadline.run(store.blob(stored, MAX_ENVELOPE_SIZE as u64)).await {
        Some(read) => read.map_err(not_read),
        None => {
            let budget = deadline.budget().as_secs_f32();
            Err(CheckFailure::undetermined(format!(
                "the {budget} s for the signatures of this artifact were over before it was read"
            ))
            .with_remedy("Try again, or allow more time."))
        }
    }
}

/// A signature that the store did not give is not known to be wrong, but for what the store says of it.
fn not_read(why: StoreError) -> CheckFailure {
    let is_undetermined = match &why {
        StoreError::Registry(why) => {
            matches!(why.failure(), Failure::Unavailable | Failure::Denied | Failure::Configuration)
        }
        StoreError::Layout(LayoutError::Io { source, .. }) => source.kind() != std::io::ErrorKind::NotFound,
        _ => false,
    };
    if is_undetermined { CheckFailure::undetermined(why.to_string()) } else { CheckFailure::of(why) }
}

/// Whether a signature's payload names the artifact.
fn is_of(artifact: &Descriptor, payload: &Payload) -> Result<String, CheckFailure> {
    let signed = &payload.target_artifact;
    if signed.is_same_content(artifact) {
        return Ok(format!("signed over {}, altered neither there nor in the envelope", artifact.digest));
    }
    Err(CheckFailure::new(format!("the signature is over {}, not over this artifact", signed.digest)))
}
