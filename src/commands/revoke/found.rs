//! Which signing jobs an artifact's signatures are of.

use aws_signer::SignerAttributes;
use notary::envelope::{Envelope, MAX_ENVELOPE_SIZE, Payload};
use notary::text::{printable, rfc3339};
use notary::x509::Certificate;
use notary::{Descriptor, Digest};
use registry::{Failure, LayoutError, Store, StoreError, StoredSignature};

/// A signature of AWS Signer over the artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The digest of its manifest.
    pub signature: Digest,
    pub signer: SignerAttributes,
    /// When it was made.
    pub signing_time: String,
}

/// A signature that cannot be revoked, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passed {
    pub signature: Digest,
    pub why: String,
    /// Whether it could not be read, so that it may be one to revoke.
    pub is_unread: bool,
}

/// Reads the signatures of an artifact. A job is believed only when the signature is intact, is over this artifact, and its
/// chain ends in one of the roots: anybody who may write beside the artifact could otherwise choose what is revoked.
pub(super) async fn signatures(
    store: &Store,
    artifact: &Descriptor,
    roots: &[Certificate],
    most: usize,
) -> Result<(Vec<Found>, Vec<Passed>), StoreError> {
    let (mut found, mut passed) = (Vec::new(), Vec::new());
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

/// Whether the store may give it at another time.
fn is_unavailable(why: &StoreError) -> bool {
    match why {
        StoreError::Registry(why) => !matches!(why.failure(), Failure::Wrong | Failure::NotFound),
        StoreError::Layout(LayoutError::Io { .. }) => true,
        _ => false,
    }
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
            "its chain ends in {root}, which is not trusted here; name that root with --root if it is"
        ));
    }
    let payload = Payload::parse(verified.payload()).map_err(|why| why.to_string())?;
    if !payload.target_artifact.is_same_content(artifact) {
        return Err(format!("it is over {}, not over this artifact", payload.target_artifact.digest));
    }
    Ok((signer, rfc3339(verified.attributes().signing_time)))
}
