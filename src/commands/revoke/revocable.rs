//! Finds the signing jobs of an artifact's signatures.

use std::fmt::Display;

use aws_signer::SignerAttributes;
use notary::envelope::{Envelope, EnvelopeFormat, MAX_ENVELOPE_SIZE, Payload};
use notary::text::printable;
use notary::x509::Certificate;
use notary::{Descriptor, Disposition, ReasonCode};
use registry::{Store, StoreError, StoredSignature};

use crate::output::exit::CliError;
use crate::output::vocabulary::SignedContent;

/// A valid signature of AWS Signer for the artifact.
#[derive(Debug, Clone)]
pub(super) struct RevocableSignature {
    /// Its manifest.
    pub manifest: Descriptor,
    pub signer: SignerAttributes,
    /// What its envelope says.
    pub content: SignedContent,
}

/// A signature that cannot be revoked, and why.
#[derive(Debug, Clone)]
pub(super) struct SkippedSignature {
    /// Its manifest.
    pub manifest: Descriptor,
    pub why: CliError,
    /// Whether reading it failed: a retry may find that it can be revoked.
    pub is_unread: bool,
}

/// Reads the signatures of an artifact. Only intact signatures that cover this artifact and chain to one of the roots
/// are trusted to name their job. Otherwise anyone with push access could choose what is revoked.
pub(super) async fn signatures(
    store: &Store,
    artifact: &Descriptor,
    roots: &[Certificate],
    most: usize,
) -> Result<(Vec<RevocableSignature>, Vec<SkippedSignature>), CliError> {
    let mut revocable = Vec::new();
    let mut skipped = Vec::new();
    let mut listed = store.list_signatures(artifact, most).await?;
    while let Some(StoredSignature { descriptor, manifest }) = listed.next().await {
        let read = match manifest {
            Err(why) => Err(why),
            Ok(manifest) => match manifest.envelope() {
                Err(why) => Ok(Err(invalid(why))),
                Ok((format, stored)) => {
                    store.blob(stored, MAX_ENVELOPE_SIZE as u64).await.map(|bytes| Ok((format, bytes)))
                }
            },
        };
        let is_unread = read.as_ref().is_err_and(may_be_read_later);
        let envelope = read.map_err(CliError::from).and_then(|read| read);
        match envelope.and_then(|(format, bytes)| signer_of(format, &bytes, artifact, roots)) {
            Ok((signer, content)) => revocable.push(RevocableSignature { manifest: descriptor, signer, content }),
            Err(why) => skipped.push(SkippedSignature { manifest: descriptor, why, is_unread }),
        }
    }
    Ok((revocable, skipped))
}

/// Whether a retry may succeed. Content that is missing or wrong, or is not a signature, stays so: anyone with push
/// access can add some.
fn may_be_read_later(why: &StoreError) -> bool {
    !matches!(why.code(), ReasonCode::NotFound | ReasonCode::WrongContent) && why.disposition() != Disposition::Refused
}

fn invalid(why: impl Display) -> CliError {
    CliError::new(ReasonCode::Integrity, printable(&why.to_string()))
}

fn signer_of(
    format: EnvelopeFormat,
    envelope: &[u8],
    artifact: &Descriptor,
    roots: &[Certificate],
) -> Result<(SignerAttributes, SignedContent), CliError> {
    let envelope = Envelope::parse(format, envelope).map_err(invalid)?;
    let verified = envelope.verify_integrity().map_err(invalid)?;
    let attributes = verified.attributes();
    let signer =
        SignerAttributes::from_signed(attributes).map_err(|why| CliError::new(ReasonCode::Unsupported, why))?;
    let chain = verified.chain();
    if !roots.contains(chain.root()) {
        let root = printable(chain.root().subject());
        let why = format!("its certificate chain ends in {root}, which is not trusted");
        return Err(CliError::new(ReasonCode::Untrusted, why).with_advice("If this is your root, pass it with --root."));
    }
    let payload = Payload::parse(verified.payload()).map_err(invalid)?;
    let signed = payload.target_artifact;
    if !signed.is_same_content(artifact) {
        let why = format!("it covers {}, not this artifact", signed.digest);
        return Err(CliError::new(ReasonCode::OtherArtifact, why));
    }
    let content =
        SignedContent::new(verified.format(), attributes, chain.certificates(), signed.annotations, Some(&signer));
    Ok((signer, content))
}
