//! Who made a signature: AWS Signer is known by the attributes that it signs, others by the signing certificate.

use aws_names::PLUGIN_NAME;
use aws_signer::{AttributesError, SignerAttributes};
use notary::envelope::SignedAttributes;
use notary::text::start_of;

use crate::plugin_host::DemandedPlugin;

/// Who made a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// AWS Signer, whose verification plugin the signature names.
    AwsSigner(Box<SignerAttributes>),
    /// The holder of the signing certificate.
    Certificate,
}

/// Why the signer is not known. The attributes are critical, so the signature is refused at every level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignerError {
    /// The signature names AWS Signer's plugin, but its attributes are not supported.
    #[error(transparent)]
    AwsSigner(#[from] AttributesError),
    /// The signature has an unknown critical attribute and names no plugin: "unknown critical attributes MUST cause
    /// signature verification to fail".
    #[error("unknown critical attribute {0:?}")]
    Critical(String),
    /// The name or the minimum version of the plugin is invalid.
    #[error("invalid verification plugin: {0}")]
    Plugin(String),
    /// The signature requires a version, but names no plugin.
    #[error("it requires version {0:?} of a verification plugin, but names none")]
    VersionOfNoPlugin(String),
}

impl Signer {
    /// Returns who signed, and the plugin that must take part in verification if it is not AWS Signer's.
    pub(super) fn from_attributes(
        attributes: &SignedAttributes,
    ) -> Result<(Self, Option<DemandedPlugin>), SignerError> {
        if let Some(name) = &attributes.verification_plugin {
            if name == PLUGIN_NAME {
                return Ok((Self::AwsSigner(Box::new(SignerAttributes::from_signed(attributes)?)), None));
            }
            let minimum = attributes.verification_plugin_min_version.as_deref();
            let plugin = DemandedPlugin::new(name, minimum).map_err(|why| SignerError::Plugin(why.to_string()))?;
            return Ok((Self::Certificate, Some(plugin)));
        }
        if let Some(version) = &attributes.verification_plugin_min_version {
            return Err(SignerError::VersionOfNoPlugin(start_of(version)));
        }
        match attributes.extended_critical.keys().next() {
            Some(name) => Err(SignerError::Critical(start_of(name))),
            None => Ok((Self::Certificate, None)),
        }
    }
}
