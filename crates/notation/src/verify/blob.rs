//! Verifying blobs, that is, files outside a registry: notaryproject/specifications,
//! `signing-and-verification-workflow.md`, "Arbitrary blob verification workflow".

use std::io::{self, Read};

use limits::Deadline;
use notary::envelope::{Envelope, Payload};
use notary::text::start_of;
use notary::{Descriptor, DigestAlgorithm};
use time::OffsetDateTime;

use super::demands::Demands;
use super::finding::Finding;
use super::policy::VerificationPolicy;
use super::reason::Reason;
use super::signature::{self, Context, VerifiedContent};
use super::source::FetchedEnvelope;
use super::verdict::Verdict;
use super::verifier::Verifier;
use crate::blob::{DEFAULT_MEDIA_TYPE, DetachedEnvelope, describe, digest_algorithm};

/// A blob, and the media type that it must have been signed with.
struct Blob<'a> {
    descriptor: &'a Descriptor,
    media_type: Option<&'a str>,
}

impl Verifier {
    /// Verifies a blob with the envelope of its signature. The policy is one of a document for blobs, chosen by its
    /// name, or the global one. `media_type` is what the blob must have been signed with, if that matters. The time
    /// limit begins when the content was read.
    ///
    /// # Errors
    /// Returns the error of the reader if the content cannot be read.
    pub async fn verify_blob(
        &self,
        content: impl Read,
        envelope: DetachedEnvelope<'_>,
        media_type: Option<&str>,
        policy: &VerificationPolicy,
        demands: &Demands,
        now: OffsetDateTime,
    ) -> io::Result<Verdict> {
        // An envelope that cannot be parsed, or whose key may not sign, is refused below, whatever the digest.
        let DetachedEnvelope { format, bytes } = envelope;
        let algorithm = Envelope::parse(format, bytes).ok().and_then(|envelope| digest_algorithm(&envelope.chain));
        let algorithm = algorithm.unwrap_or(DigestAlgorithm::Sha256);
        let artifact = describe(content, media_type.unwrap_or(DEFAULT_MEDIA_TYPE), algorithm)?;
        let skipped = policy.is_skip();
        let mut verdict =
            Verdict { artifact, policy: policy.name().to_owned(), skipped, signatures: Vec::new(), unchecked: 0 };
        if !skipped {
            let deadline = Deadline::new(self.limits().time);
            let context = Context { verifier: self, policy, demands, now, deadline };
            let manifest = Descriptor::from_content(format.media_type(), bytes);
            let envelope = FetchedEnvelope { format, content: bytes.to_vec().into() };
            let blob = Blob { descriptor: &verdict.artifact, media_type };
            let signature = signature::verify(context, &manifest, Ok(envelope), &blob).await;
            verdict.signatures.push(signature);
        }
        Ok(verdict)
    }
}

/// The payload must name the blob, hashed with the algorithm of the signing key.
impl VerifiedContent for Blob<'_> {
    fn check(&self, payload: &Payload) -> Result<Finding, Reason> {
        let blob = self.descriptor;
        let signed = &payload.target_artifact;
        if signed.digest.algorithm() != blob.digest.algorithm() {
            return Err(Reason::OtherDigestAlgorithm {
                signed: signed.digest.algorithm(),
                expected: blob.digest.algorithm(),
            });
        }
        if (signed.size, &signed.digest) != (blob.size, &blob.digest) {
            return Err(Reason::OtherBlob { signed: Reason::signed(signed), blob: Box::new(blob.clone()) });
        }
        if let Some(required) = self.media_type.filter(|required| *required != signed.media_type) {
            let signed = start_of(&signed.media_type);
            return Err(Reason::OtherMediaType { signed, required: required.to_owned() });
        }
        Ok(Finding::Intact { digest: blob.digest.clone() })
    }
}
