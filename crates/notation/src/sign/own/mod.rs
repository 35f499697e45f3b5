//! Signing without AWS Signer: with a key in a file, or with a signing plugin of notation.

mod error;
mod key;
mod plugin;

use std::collections::BTreeMap;

use limits::Deadline;
use notary::envelope::Payload;
use notary::{Descriptor, UserMetadata};
use time::OffsetDateTime;

pub use self::error::OwnSignError;
pub use self::key::LocalKey;
pub use self::plugin::SigningPlugin;
use super::payload;
use crate::attach::MatchingEnvelope;

/// The program that created an envelope, as the envelope states it.
const SIGNING_AGENT: &str = concat!("notation-aws-signer/", env!("CARGO_PKG_VERSION"));

/// Who signs.
#[derive(Debug)]
pub enum OwnSigner {
    /// The holder of a key in a file.
    Key(LocalKey),
    /// A signing plugin.
    Plugin(SigningPlugin),
}

/// A new signature, which is intact and covers the artifact with the metadata.
#[derive(Debug, Clone)]
pub struct OwnSignature {
    /// The envelope.
    pub envelope: Vec<u8>,
    /// Annotations that the signer adds to the signature's manifest.
    pub annotations: BTreeMap<String, String>,
}

impl OwnSigner {
    /// Signs an artifact by its descriptor, and checks the signature.
    ///
    /// # Errors
    /// Returns [`OwnSignError`] if the signer fails, or its signature is not the one that was requested.
    pub async fn sign(
        &self,
        artifact: &Descriptor,
        user_metadata: UserMetadata,
        now: OffsetDateTime,
        deadline: Deadline,
    ) -> Result<OwnSignature, OwnSignError> {
        let requested = payload(artifact, user_metadata);
        let signature = match self {
            Self::Key(key) => {
                OwnSignature { envelope: key.sign(&requested.to_bytes(), now)?, annotations: BTreeMap::new() }
            }
            Self::Plugin(plugin) => plugin.sign(&requested.to_bytes(), now, deadline).await?,
        };
        check(&signature.envelope, artifact, &requested)?;
        Ok(signature)
    }
}

/// Checks that an envelope is intact, that its certificates may sign and are valid, and that it signs the payload. A
/// signer may add metadata, but not change any.
fn check(envelope: &[u8], artifact: &Descriptor, requested: &Payload) -> Result<(), OwnSignError> {
    let matching = MatchingEnvelope::check(envelope.to_vec(), artifact.clone())?;
    let signed = Payload::parse(matching.verified().payload()).map_err(crate::attach::AttachError::from)?;
    let signed = signed.target_artifact.annotations;
    for (key, value) in &requested.target_artifact.annotations {
        if signed.get(key) != Some(value) {
            return Err(OwnSignError::OtherMetadata { key: key.clone() });
        }
    }
    Ok(())
}
