//! Signing without AWS Signer: with a key in a file, or with a signing plugin of notation.

mod error;
mod key;
mod plugin;

use std::collections::BTreeMap;
use std::io::Read;

use limits::Deadline;
use notary::envelope::build::{ProtectedAttributes, ToBeSigned};
use notary::envelope::{EnvelopeFormat, Payload, SignatureAlgorithm, SigningScheme, VerifyError};
use notary::{Descriptor, DigestAlgorithm, UserMetadata};
use time::{Duration, OffsetDateTime};

pub use self::error::OwnSignError;
pub use self::key::LocalKey;
use self::plugin::DescribedKey;
pub use self::plugin::SigningPlugin;
use super::payload;
use crate::attach::{AttachError, MatchingEnvelope};
use crate::blob::{describe, digest_algorithm, is_media_type};

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

/// How to sign.
#[derive(Debug, Clone)]
pub struct SigningOptions {
    /// The form of the envelope.
    pub format: EnvelopeFormat,
    /// Metadata to sign with the artifact.
    pub user_metadata: UserMetadata,
    /// How long the signature is valid. Without it, it does not expire.
    pub expires_in: Option<Duration>,
    /// The signing time.
    pub now: OffsetDateTime,
}

/// A new signature, which is intact and covers the artifact with the metadata.
#[derive(Debug, Clone)]
pub struct OwnSignature {
    /// The envelope.
    pub envelope: MatchingEnvelope,
    /// Annotations that the signer adds to the signature's manifest.
    pub annotations: BTreeMap<String, String>,
}

/// What a signer returned, not checked yet.
struct Unchecked {
    envelope: Vec<u8>,
    annotations: BTreeMap<String, String>,
}

impl OwnSigner {
    /// Signs an artifact by its descriptor, and checks the signature.
    ///
    /// # Errors
    /// Returns [`OwnSignError`] if the signer fails, or its signature is not the one that was requested.
    pub async fn sign(
        &self,
        artifact: &Descriptor,
        options: &SigningOptions,
        deadline: Deadline,
    ) -> Result<OwnSignature, OwnSignError> {
        self.sign_with(None, artifact, options, deadline).await
    }

    /// As [`Self::sign`], with the plugin's key if it was described before.
    async fn sign_with(
        &self,
        described: Option<DescribedKey>,
        artifact: &Descriptor,
        options: &SigningOptions,
        deadline: Deadline,
    ) -> Result<OwnSignature, OwnSignError> {
        let requested = payload(artifact, options.user_metadata.clone());
        let bytes = requested.to_bytes();
        let Unchecked { envelope, annotations } = match (self, described) {
            (Self::Key(key), _) => Unchecked { envelope: key.sign(&bytes, options)?, annotations: BTreeMap::new() },
            (Self::Plugin(plugin), Some(key)) => plugin.sign_with(key, &bytes, options, deadline).await?,
            (Self::Plugin(plugin), None) => plugin.sign(&bytes, options, deadline).await?,
        };
        let envelope = check(envelope, artifact, &requested, options)?;
        Ok(OwnSignature { envelope, annotations })
    }

    /// Reads a blob to its end, and signs it like an artifact. The blob is hashed as the key requires. The time budget
    /// is that of the signer, without reading.
    ///
    /// # Errors
    /// Returns [`OwnSignError`] if the media type is malformed, the blob cannot be read, the signer fails, or its
    /// signature is not the one that was requested.
    pub async fn sign_blob(
        &self,
        content: impl Read,
        media_type: &str,
        options: &SigningOptions,
        budget: std::time::Duration,
    ) -> Result<(Descriptor, OwnSignature), OwnSignError> {
        if !is_media_type(media_type) {
            return Err(OwnSignError::MediaType(media_type.chars().take(200).collect()));
        }
        let (algorithm, described) = match self {
            Self::Key(key) => (key.algorithm(), None),
            Self::Plugin(plugin) => {
                let key = plugin.described(Deadline::new(budget)).await?;
                (key.algorithm, Some(key))
            }
        };
        let algorithm = DigestAlgorithm::from_signature_algorithm(algorithm);
        let blob = describe(content, media_type, algorithm).map_err(OwnSignError::Read)?;
        let signature = self.sign_with(described, &blob, options, Deadline::new(budget)).await?;
        match digest_algorithm(signature.envelope.verified().chain()) == Some(algorithm) {
            true => Ok((blob, signature)),
            false => Err(OwnSignError::OtherKey),
        }
    }
}

/// Prepares an envelope of the scheme `notary.x509`, in which the holder of a key asserts the signing time.
fn to_be_signed(
    payload: &[u8],
    algorithm: SignatureAlgorithm,
    options: &SigningOptions,
) -> Result<ToBeSigned, OwnSignError> {
    let now = options.now;
    let expiry = options.expires_in.map(|time| now.checked_add(time).ok_or(OwnSignError::ExpiryTooLate));
    let attributes = ProtectedAttributes {
        algorithm,
        signing_scheme: SigningScheme::X509,
        signing_time: now,
        expiry: expiry.transpose()?,
        verification_plugin: None,
        verification_plugin_min_version: None,
        extended: Vec::new(),
    };
    Ok(ToBeSigned::new(options.format, payload, &attributes)?)
}

/// Checks that an envelope has the format, that it is intact, that its certificates may sign and are valid now, that it
/// signs the payload, and that it expires as requested. A signer may add metadata, but not change any.
fn check(
    envelope: Vec<u8>,
    artifact: &Descriptor,
    requested: &Payload,
    options: &SigningOptions,
) -> Result<MatchingEnvelope, OwnSignError> {
    let matching = MatchingEnvelope::check_in(options.format, envelope, artifact.clone())?;
    // A verifier would not trust the signature.
    let valid = matching.verified().chain().check_validity(options.now);
    valid.map_err(|why| AttachError::from(VerifyError::from(why)))?;
    let signed = Payload::parse(matching.verified().payload()).map_err(AttachError::from)?;
    let signed = signed.target_artifact.annotations;
    for (key, value) in &requested.target_artifact.annotations {
        if signed.get(key) != Some(value) {
            return Err(OwnSignError::OtherMetadata { key: key.clone() });
        }
    }
    if let Some(requested) = options.expires_in {
        let attributes = matching.verified().attributes();
        let valid_for = attributes.expiry.map(|expiry| expiry - attributes.signing_time);
        // A plugin that makes envelopes may read its clock twice.
        let is_as_requested = valid_for.is_some_and(|time| (time - requested).abs() <= Duration::SECOND);
        if !is_as_requested {
            return Err(OwnSignError::OtherExpiry { expiry: attributes.expiry, requested });
        }
    }
    Ok(matching)
}
