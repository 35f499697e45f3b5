//! Looking at the signatures of an artifact without judging who made them: `signature-specification.md` says what they hold.

use aws_names::PLUGIN_NAME;
use aws_signer::SignerAttributes;
use limits::Deadline;
use notary::Descriptor;
use notary::envelope::{Envelope, JWS_MEDIA_TYPE, Payload, SignedAttributes, VerifiedEnvelope};
use registry::{Store, StoreError, StoredSignature};

use super::verdict::CheckFailure;
use super::{Signer, VerifyOptions, envelope, is_of, revocation};

/// How much of an artifact's envelopes is shown, in bytes. AWS Signer's have some 10 KiB each.
const MAX_INSPECTED: usize = 2 * 1024 * 1024;

/// A signature, as far as it can be read. Nothing here says that anybody trusts it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InspectedSignature {
    /// The descriptor of the signature's manifest.
    pub manifest: Descriptor,
    /// What the envelope says, or why it cannot be read.
    pub content: Result<InspectedEnvelope, CheckFailure>,
}

/// What an envelope says, true or not.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InspectedEnvelope {
    /// The descriptor of the envelope.
    pub descriptor: Descriptor,
    /// The envelope: signed attributes, chain, signing agent.
    pub envelope: Envelope,
    /// What it says was signed.
    pub payload: Payload,
    /// Whether the envelope is as its signer made it, the chain is one that may sign, and it is over the artifact; a sentence.
    pub integrity: Result<String, CheckFailure>,
    /// What is known about revocation, a sentence, where it was asked for and integrity is given; an error that is not
    /// [`undetermined`](field@CheckFailure::undetermined) says that something was revoked.
    pub revocation: Option<Result<String, CheckFailure>>,
}

/// Whether revocation is asked about. Whoever signed says who is asked, trusted or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckRevocation {
    /// Where integrity is given.
    Yes,
    /// Nobody is asked.
    No,
}

/// Looks at the signatures of an artifact that was resolved before. Of the options those count that say how revocation is asked
/// about, and the limits.
///
/// # Errors
/// [`StoreError`] when the list of its signatures cannot be read, or has more than [`VerifyOptions::max_signatures`].
pub async fn inspect_signatures(
    store: &Store,
    artifact: &Descriptor,
    options: &VerifyOptions,
    check: CheckRevocation,
) -> Result<Vec<InspectedSignature>, StoreError> {
    let deadline = Deadline::new(options.budget);
    let mut inspected = Vec::new();
    let mut listed = store.list_signatures(artifact, options.max_signatures).await?;
    let mut left = MAX_INSPECTED;
    while let Some(StoredSignature { descriptor: manifest, manifest: read }) = listed.next().await {
        let bytes = envelope(store, read, deadline).await;
        let content = match bytes {
            Ok(bytes) if bytes.len() > left => Err(CheckFailure::new(format!(
                "it is not looked into: the envelopes of an artifact's signatures are shown up to {MAX_INSPECTED} bytes"
            ))),
            Ok(bytes) => {
                left -= bytes.len();
                inspect(artifact, &bytes, options, check, deadline).await
            }
            Err(why) => Err(why),
        };
        inspected.push(InspectedSignature { manifest, content });
    }
    Ok(inspected)
}

async fn inspect(
    artifact: &Descriptor,
    bytes: &[u8],
    options: &VerifyOptions,
    check: CheckRevocation,
    deadline: Deadline,
) -> Result<InspectedEnvelope, CheckFailure> {
    let envelope = Envelope::parse(bytes).map_err(CheckFailure::of)?;
    let payload = Payload::parse(&envelope.payload).map_err(CheckFailure::of)?;
    let verified = envelope.clone().verify_integrity().map_err(CheckFailure::of);
    let integrity = verified.as_ref().map_err(Clone::clone).and_then(|_| is_of(artifact, &payload));
    let revocation = match verified {
        Ok(verified) if integrity.is_ok() && check == CheckRevocation::Yes => {
            Some(revocation_of(&verified, options, deadline).await)
        }
        _ => None,
    };
    // No envelope in another form is read.
    let descriptor = Descriptor::of(JWS_MEDIA_TYPE, bytes);
    Ok(InspectedEnvelope { descriptor, envelope, payload, integrity, revocation })
}

async fn revocation_of(
    envelope: &VerifiedEnvelope,
    options: &VerifyOptions,
    deadline: Deadline,
) -> Result<String, CheckFailure> {
    revocation::check(envelope, &signer_of(envelope.attributes())?, options, deadline).await
}

/// Who is to be asked: AWS Signer for what it signed, for anything else whom the certificates name.
fn signer_of(attributes: &SignedAttributes) -> Result<Signer, CheckFailure> {
    if attributes.verification_plugin.as_deref() == Some(PLUGIN_NAME) {
        let signer = SignerAttributes::of(attributes)
            .map_err(|why| CheckFailure::undetermined(format!("what is to be asked about is not known: {why}")))?;
        return Ok(Signer::AwsSigner(Box::new(signer)));
    }
    Ok(Signer::Certificate)
}
