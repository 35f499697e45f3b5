//! Who made a signature, and so by what it is judged: AWS Signer by the attributes that it signs, anyone else by the signing
//! certificate.

use crate::aws::{AttributesError, SignerAttributes};
use crate::envelope::SignedAttributes;

/// Who made a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// AWS Signer, whose verification plugin the signature names.
    AwsSigner(Box<SignerAttributes>),
    /// The holder of the signing certificate.
    Certificate,
}

/// Why there is nobody who could judge the signature. The attributes that say so are critical, so no level passes over it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignerError {
    /// It names a plugin, and is not what this plugin can judge.
    #[error(transparent)]
    AwsSigner(#[from] AttributesError),
    /// It has a critical attribute, and names no plugin that would understand it: "unknown critical attributes MUST cause signature
    /// verification to fail".
    #[error("it has the critical attribute {0:?} and names no verification plugin that understands it")]
    Critical(String),
    /// It demands a version of no plugin.
    #[error("it demands version {0:?} of a verification plugin, and names none")]
    VersionOfNoPlugin(String),
}

impl Signer {
    pub(super) fn of(attributes: &SignedAttributes) -> Result<Self, SignerError> {
        if attributes.verification_plugin.is_some() {
            return Ok(Self::AwsSigner(Box::new(SignerAttributes::of(attributes)?)));
        }
        if let Some(version) = &attributes.verification_plugin_min_version {
            return Err(SignerError::VersionOfNoPlugin(version.clone()));
        }
        match attributes.extended_critical.keys().next() {
            Some(name) => Err(SignerError::Critical(name.clone())),
            None => Ok(Self::Certificate),
        }
    }
}
