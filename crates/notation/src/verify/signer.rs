//! Who made a signature, and so by what it is judged: AWS Signer by the attributes that it signs, anyone else by the signing
//! certificate.

use aws_names::PLUGIN_NAME;
use aws_signer::{AttributesError, SignerAttributes};
use notary::envelope::SignedAttributes;

use crate::plugin_host::DemandedPlugin;

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
    /// It names the plugin of AWS Signer, and is not what that can judge.
    #[error(transparent)]
    AwsSigner(#[from] AttributesError),
    /// It has a critical attribute, and names no plugin that would understand it: "unknown critical attributes MUST cause signature
    /// verification to fail".
    #[error("it has the critical attribute {0:?} and names no verification plugin that understands it")]
    Critical(String),
    /// It names another plugin, by a name or a version that is none.
    #[error("it demands a verification plugin that cannot be: {0}")]
    Plugin(String),
    /// It demands a version of no plugin.
    #[error("it demands version {0:?} of a verification plugin, and names none")]
    VersionOfNoPlugin(String),
}

impl Signer {
    /// Who signed, and the plugin that must be asked about it, where that is not this program.
    pub(super) fn of(attributes: &SignedAttributes) -> Result<(Self, Option<DemandedPlugin>), SignerError> {
        if let Some(name) = &attributes.verification_plugin {
            if name == PLUGIN_NAME {
                return Ok((Self::AwsSigner(Box::new(SignerAttributes::of(attributes)?)), None));
            }
            let minimum = attributes.verification_plugin_min_version.as_deref();
            let plugin = DemandedPlugin::new(name, minimum).map_err(|why| SignerError::Plugin(why.to_string()))?;
            return Ok((Self::Certificate, Some(plugin)));
        }
        if let Some(version) = &attributes.verification_plugin_min_version {
            return Err(SignerError::VersionOfNoPlugin(version.clone()));
        }
        match attributes.extended_critical.keys().next() {
            Some(name) => Err(SignerError::Critical(name.clone())),
            None => Ok((Self::Certificate, None)),
        }
    }
}
