//! Verifying files that are no artifacts of a registry: notaryproject/specifications, `signing-and-verification-workflow.md`,
//! "Arbitrary blob verification workflow".

use std::io;
use std::io::Read;

use limits::Deadline;
use notary::envelope::{Envelope, JWS_MEDIA_TYPE, Payload, VerifiedEnvelope};
use notary::{Descriptor, DigestAlgorithm};

use super::signature::Context;
use super::verdict::{CheckFailure, Verdict};
use super::{VerificationPolicy, VerifyOptions, signature};
use crate::blob::{DEFAULT_MEDIA_TYPE, describe, digest_algorithm};

/// Verifies a blob with the envelope of its signature, as the policy says: one of a document for blobs, chosen by its name, or
/// the global one. `media_type` is what the blob must have been signed as, where that matters. The content is read to its end
/// first, then the budget begins.
///
/// # Errors
/// What reading the content says. Whatever is wrong with the signature is in the [`Verdict`], whose artifact is the blob.
pub async fn verify_blob(
    content: impl Read,
    envelope: &[u8],
    media_type: Option<&str>,
    policy: &VerificationPolicy,
    options: &VerifyOptions,
) -> io::Result<Verdict> {
    // An envelope that cannot be read, or whose key may not sign, is refused below, whatever the digest.
    let algorithm = Envelope::parse(envelope).ok().and_then(|envelope| digest_algorithm(&envelope.chain));
    let algorithm = algorithm.unwrap_or(DigestAlgorithm::Sha256);
    let blob = describe(content, media_type.unwrap_or(DEFAULT_MEDIA_TYPE), algorithm)?;
    if policy.is_skip() {
        return Ok(Verdict::Skipped { artifact: blob, policy: policy.name().to_owned() });
    }
    let context = Context { policy, options, deadline: Deadline::new(options.budget) };
    let manifest = Descriptor::of(JWS_MEDIA_TYPE, envelope);
    let is_of = |_: &VerifiedEnvelope, payload: &Payload| is_of(&blob, media_type, payload);
    let verdict = signature::verify(context, manifest, Ok(envelope.to_vec().into()), is_of).await;
    Ok(Verdict::Checked { artifact: blob, signatures: vec![verdict], left: 0 })
}

/// Whether a signature's payload names the blob, which was hashed with the algorithm of the key that signed.
fn is_of(blob: &Descriptor, media_type: Option<&str>, payload: &Payload) -> Result<String, CheckFailure> {
    let signed = &payload.target_artifact;
    let (algorithm, demanded) = (signed.digest.algorithm(), blob.digest.algorithm());
    if algorithm != demanded {
        return Err(CheckFailure::new(format!(
            "the signature is over a digest of the algorithm {algorithm}, and with the key that signed goes {demanded}"
        )));
    }
    if (signed.size, &signed.digest) != (blob.size, &blob.digest) {
        return Err(CheckFailure::new(format!(
            "the signature is over {} of {} bytes, and the content is {} of {} bytes",
            signed.digest, signed.size, blob.digest, blob.size
        )));
    }
    if let Some(demanded) = media_type.filter(|demanded| *demanded != signed.media_type) {
        let found = &signed.media_type;
        return Err(CheckFailure::new(format!(
            "it was signed as {found:?}, and the media type {demanded:?} is demanded"
        )));
    }
    Ok(format!("signed over {}, altered neither there nor in the envelope", blob.digest))
}
