//! Finds the signing jobs of an artifact's signatures.

use aws_signer::SignerAttributes;
use notary::envelope::{Envelope, MAX_ENVELOPE_SIZE, Payload};
use notary::text::{printable, rfc3339};
use notary::x509::Certificate;
use notary::{Descriptor, Digest, Disposition, ReasonCode};
use registry::{Store, StoreError, StoredSignature};

/// A valid signature of AWS Signer for the artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The digest of its manifest.
    pub signature: Digest,
    pub signer: SignerAttributes,
    /// The signing time.
    pub signing_time: String,
}

/// A signature that cannot be revoked, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passed {
    pub signature: Digest,
    pub why: String,
    /// Whether reading it failed: a retry may find that it can be revoked.
    pub is_unread: bool,
}

/// Reads the signatures of an artifact. Only intact signatures that cover this artifact and chain to one of the roots are trusted to
/// name their job. Otherwise anyone with push access could choose what is revoked.
pub(super) async fn signatures(
    store: &Store,
    artifact: &Descriptor,
    roots: &[Certificate],
    most: usize,
) -> Result<(Vec<Found>, Vec<Passed>), StoreError> {
    let mut found = Vec::new();
    let mut passed = Vec::new();
    let mut listed = store.list_signatures(artifact, most).await?;
    while let Some(StoredSignature { descriptor, manifest }) = listed.next().await {
        let signature = descriptor.digest.clone();
        let read = match manifest {
            Err(why) => Err(why),
            Ok(manifest) => match manifest.envelope() {
                Err(why) => Ok(Err(why.to_string())),
                Ok(stored) => store.blob(stored, MAX_ENVELOPE_SIZE as u64).await.map(Ok),
            },
        };
        let is_unread = matches!(&read, Err(why) if is_unavailable(why));
        let envelope = read.map_err(|why| why.to_string()).and_then(|read| read);
        match envelope.and_then(|bytes| signer_of(&bytes, artifact, roots)) {
            Ok((signer, signing_time)) => found.push(Found { signature, signer, signing_time }),
            Err(why) => passed.push(Passed { signature, why: printable(&why), is_unread }),
        }
    }
    Ok((found, passed))
}

/// Whether a retry may succeed.
fn is_unavailable(why: &StoreError) -> bool {
    why.disposition() != Disposition::Refused && why.code() != ReasonCode::NotFound
}

fn signer_of(
    envelope: &[u8],
    artifact: &Descriptor,
    roots: &[Certificate],
) -> Result<(SignerAttributes, String), String> {
    let envelope = Envelope::parse(envelope).map_err(|why| why.to_string())?;
    let verified = envelope.verify_integrity().map_err(|why| why.to_string())?;
    let signer = SignerAttributes::of(verified.attributes()).map_err(|why| why.to_string())?;
    if !roots.contains(verified.chain().root()) {
        let root = verified.chain().root().subject();
        return Err(format!(
            "its certificate chain ends in {root}, which is not trusted: if this is your root, pass it with --root"
        ));
    }
    let payload = Payload::parse(verified.payload()).map_err(|why| why.to_string())?;
    if !payload.target_artifact.is_same_content(artifact) {
        return Err(format!("it covers {}, not this artifact", payload.target_artifact.digest));
    }
    Ok((signer, rfc3339(verified.attributes().signing_time)))
}
