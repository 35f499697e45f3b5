//! `get-plugin-metadata`: name, version and capabilities of this plugin. The response is static.

use aws_names::{PLUGIN_DESCRIPTION, PLUGIN_NAME};
use serde::Serialize;

use super::CONTRACT_VERSION;
use super::error::PluginError;
use super::input::Input;

/// The documentation of AWS Signer for containers.
pub(super) const URL: &str = "https://docs.aws.amazon.com/signer/latest/developerguide/container-workflow.html";

/// A plugin capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Capability {
    /// Generates whole signature envelopes.
    #[serde(rename = "SIGNATURE_GENERATOR.ENVELOPE")]
    EnvelopeGenerator,
    /// Compares the signer with the trusted identities of a trust policy.
    #[serde(rename = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY")]
    TrustedIdentity,
    /// Checks whether a signature was revoked.
    #[serde(rename = "SIGNATURE_VERIFIER.REVOCATION_CHECK")]
    RevocationCheck,
}

impl Capability {
    /// Returns the check with this name, if `verify-signature` supports it.
    pub(super) fn verifier(name: &str) -> Option<Self> {
        match name {
            "SIGNATURE_VERIFIER.TRUSTED_IDENTITY" => Some(Self::TrustedIdentity),
            "SIGNATURE_VERIFIER.REVOCATION_CHECK" => Some(Self::RevocationCheck),
            _ => None,
        }
    }
}

/// The response of `get-plugin-metadata`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The name of the plugin and of its folder.
    pub name: &'static str,
    /// A short description.
    pub description: &'static str,
    /// The version (SemVer).
    pub version: &'static str,
    /// The URL of the documentation.
    pub url: &'static str,
    /// The supported versions of the plugin protocol.
    pub supported_contract_versions: [&'static str; 1],
    /// The capabilities.
    pub capabilities: [Capability; 3],
}

impl Metadata {
    /// Returns the metadata of this plugin.
    #[must_use]
    pub fn of_this_plugin() -> Self {
        Self {
            name: PLUGIN_NAME,
            description: PLUGIN_DESCRIPTION,
            version: env!("CARGO_PKG_VERSION"),
            url: URL,
            supported_contract_versions: [CONTRACT_VERSION],
            capabilities: [Capability::EnvelopeGenerator, Capability::TrustedIdentity, Capability::RevocationCheck],
        }
    }
}

/// Checks the optional request, which must be a JSON object. Its content does not affect the response.
pub(super) fn check_request(input: &Input) -> Result<(), PluginError> {
    match input {
        Input::Absent => Ok(()),
        Input::Request(bytes) => Ok(notary::json::parse_object("request", bytes).map(|_| ())?),
    }
}
