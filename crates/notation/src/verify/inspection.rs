//! Inspecting the signatures of an artifact without deciding whether their signers are trusted:
//! `signature-specification.md` says what they hold.

use aws_names::PLUGIN_NAME;
use aws_signer::SignerAttributes;
use limits::Deadline;
use notary::envelope::{Envelope, Payload, SignedAttributes, VerifiedEnvelope};
use notary::timestamp::{TimestampError, TimestampToken};
use notary::{Descriptor, ReasonCode};
use registry::Store;
use time::OffsetDateTime;

use super::finding::Finding;
use super::no_verdict::{NoVerdict, within};
use super::reason::Reason;
use super::revocation;
use super::signature::VerifiedContent as _;
use super::signer::Signer;
use super::source::FetchedEnvelope;
use super::verifier::Verifier;
use crate::failure::Failure;
use crate::revocation::RevocationQuestion;

/// How much of an artifact's envelopes is shown, in bytes. AWS Signer's have about 10 KiB each.
const MAX_INSPECTED: usize = 2 * 1024 * 1024;

/// A signature, as far as it can be read.
#[derive(Debug, Clone)]
pub struct InspectedSignature {
    /// The descriptor of the signature's manifest.
    pub manifest: Descriptor,
    /// What the envelope says, or why it cannot be read.
    pub content: Result<InspectedEnvelope, Reason>,
}

/// What an envelope says, true or not.
#[derive(Debug, Clone)]
pub struct InspectedEnvelope {
    /// The descriptor of the envelope.
    pub descriptor: Descriptor,
    /// The envelope: signed attributes, chain, signing agent.
    pub envelope: Envelope,
    /// What it says was signed.
    pub payload: Payload,
    /// The timestamp for this signature, unverified, or why it cannot be read or is for another signature.
    pub timestamp: Option<Result<TimestampToken, TimestampError>>,
    /// Whether the envelope is intact, its chain may sign, and it is for the artifact.
    pub integrity: Result<Finding, Reason>,
    /// The revocation status, if it was asked for and integrity has passed.
    pub revocation: Option<Result<Finding, Reason>>,
}

/// Whether revocation is checked. The signer, trusted or not, names who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckRevocation {
    /// For signatures whose integrity has passed.
    Yes,
    /// No request is sent.
    No,
}

impl Verifier {
    /// Inspects the signatures of an artifact that was resolved before.
    ///
    /// # Errors
    /// Returns [`NoVerdict`] if the list of its signatures cannot be read in time, or exceeds the limit.
    pub async fn inspect(
        &self,
        store: &Store,
        artifact: &Descriptor,
        check: CheckRevocation,
        now: OffsetDateTime,
    ) -> Result<Vec<InspectedSignature>, NoVerdict> {
        let deadline = Deadline::new(self.limits().time);
        let listed = within(deadline, store.list_signatures_of(&artifact.digest, self.limits().signatures)).await?;
        let mut left = MAX_INSPECTED;
        let mut inspected = Vec::with_capacity(listed.len());
        for manifest in listed {
            let content = match self.envelope(store, artifact, &manifest, deadline).await {
                Ok(envelope) if envelope.content.len() > left => Err(Reason::Undecided(Failure::new(
                    ReasonCode::TooMany,
                    format!("not shown: the envelopes of an artifact are shown up to {MAX_INSPECTED} bytes"),
                ))),
                Ok(envelope) => {
                    left -= envelope.content.len();
                    self.inspect_envelope(artifact, &envelope, check, now, deadline).await
                }
                Err(reason) => Err(reason),
            };
            inspected.push(InspectedSignature { manifest, content });
        }
        Ok(inspected)
    }

    async fn inspect_envelope(
        &self,
        artifact: &Descriptor,
        FetchedEnvelope { format, content }: &FetchedEnvelope,
        check: CheckRevocation,
        now: OffsetDateTime,
        deadline: Deadline,
    ) -> Result<InspectedEnvelope, Reason> {
        let envelope = Envelope::parse_with(*format, content, self.chains())?;
        let payload = Payload::parse(&envelope.payload)?;
        let verified = envelope.clone().verify_integrity_with(self.chains()).map_err(Reason::from);
        let integrity = verified.as_ref().map_err(Clone::clone).and_then(|_| artifact.check(&payload));
        let revocation = match verified {
            Ok(verified) if integrity.is_ok() && check == CheckRevocation::Yes => {
                Some(self.inspect_revocation(&verified, now, deadline).await)
            }
            _ => None,
        };
        let timestamp = envelope.timestamp_signature().map(|token| timestamp(token, envelope.signature()));
        let descriptor = Descriptor::from_content(format.media_type(), content);
        Ok(InspectedEnvelope { descriptor, envelope, payload, timestamp, integrity, revocation })
    }

    async fn inspect_revocation(
        &self,
        envelope: &VerifiedEnvelope,
        now: OffsetDateTime,
        deadline: Deadline,
    ) -> Result<Finding, Reason> {
        let signer = signer(envelope.attributes())?;
        let question = RevocationQuestion::new(envelope, &signer, now, deadline);
        revocation::check(self.revocation(), &question).await
    }
}

/// Reads a timestamp, which must be for this signature.
fn timestamp(token: &[u8], signature: &[u8]) -> Result<TimestampToken, TimestampError> {
    let token = TimestampToken::parse(token)?;
    if token.info().is_for(signature) { Ok(token) } else { Err(TimestampError::OtherMessage) }
}

/// Returns who is asked: AWS Signer about its signatures, those that the certificates name about all others.
fn signer(attributes: &SignedAttributes) -> Result<Signer, Reason> {
    if attributes.verification_plugin.as_deref() == Some(PLUGIN_NAME) {
        let signer = SignerAttributes::from_signed(attributes).map_err(Reason::AwsSigner)?;
        return Ok(Signer::AwsSigner(Box::new(signer)));
    }
    Ok(Signer::Certificate)
}
