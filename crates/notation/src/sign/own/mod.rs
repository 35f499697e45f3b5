//! Signing without AWS Signer: with a key in a file, or with a signing plugin of notation.

mod error;
mod key;
mod plugin;

use std::collections::BTreeMap;

use limits::Deadline;
use notary::envelope::build::{ProtectedAttributes, TimeError, ToBeSigned};
use notary::envelope::{EnvelopeFormat, Payload, SignatureAlgorithm, SigningScheme};
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
    /// Signs an artifact by its descriptor in an envelope of this form, and checks the signature.
    ///
    /// # Errors
    /// Returns [`OwnSignError`] if the signer fails, or its signature is not the one that was requested.
    pub async fn sign(
        &self,
        format: EnvelopeFormat,
        artifact: &Descriptor,
        user_metadata: UserMetadata,
        now: OffsetDateTime,
        deadline: Deadline,
    ) -> Result<OwnSignature, OwnSignError> {
        let requested = payload(artifact, user_metadata);
        let signature = match self {
            Self::Key(key) => {
                OwnSignature { envelope: key.sign(format, &requested.to_bytes(), now)?, annotations: BTreeMap::new() }
            }
            Self::Plugin(plugin) => plugin.sign(format, &requested.to_bytes(), now, deadline).await?,
        };
        check(format, &signature.envelope, artifact, &requested)?;
        Ok(signature)
    }
}

/// Prepares an envelope of the scheme `notary.x509`, in which the holder of a key asserts the signing time.
fn to_be_signed(
    format: EnvelopeFormat,
    payload: &[u8],
    algorithm: SignatureAlgorithm,
    now: OffsetDateTime,
) -> Result<ToBeSigned, TimeError> {
    let attributes = ProtectedAttributes {
        algorithm,
        signing_scheme: SigningScheme::X509,
        signing_time: now,
        expiry: None,
        verification_plugin: None,
        verification_plugin_min_version: None,
        extended: Vec::new(),
    };
    ToBeSigned::new(format, payload, &attributes)
}

/// Checks that an envelope has the format, that it is intact, that its certificates may sign and are valid, and that it
/// signs the payload. A signer may add metadata, but not change any.
fn check(
    format: EnvelopeFormat,
    envelope: &[u8],
    artifact: &Descriptor,
    requested: &Payload,
) -> Result<(), OwnSignError> {
    let matching = MatchingEnvelope::check_in(format, envelope.to_vec(), artifact.clone())?;
    let signed = Payload::parse(matching.verified().payload()).map_err(crate::attach::AttachError::from)?;
    let signed = signed.target_artifact.annotations;
    for (key, value) in &requested.target_artifact.annotations {
        if signed.get(key) != Some(value) {
            return Err(OwnSignError::OtherMetadata { key: key.clone() });
        }
    }
    Ok(())
}
