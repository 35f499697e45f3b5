//! `get-plugin-metadata`: what this plugin is and can do. Static, so it is answered without looking at anything.

use aws_names::{PLUGIN_DESCRIPTION, PLUGIN_NAME};
use serde::Serialize;

use super::CONTRACT_VERSION;
use super::error::PluginError;
use super::input::Input;

/// Where the plugin is documented.
pub(super) const URL: &str = "https://docs.aws.amazon.com/signer/latest/developerguide/container-workflow.html";

/// What a plugin may be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Capability {
    /// Makes whole signature envelopes.
    #[serde(rename = "SIGNATURE_GENERATOR.ENVELOPE")]
    EnvelopeGenerator,
    /// Compares the signer with the trusted identities of a policy.
    #[serde(rename = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY")]
    TrustedIdentity,
    /// Asks whether a signature was revoked.
    #[serde(rename = "SIGNATURE_VERIFIER.REVOCATION_CHECK")]
    RevocationCheck,
}

impl Capability {
    /// The check of that name, of those that `verify-signature` can be asked for.
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
    /// The plugin's name, which is also that of its folder.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Its version, SemVer.
    pub version: &'static str,
    /// Where it is documented.
    pub url: &'static str,
    /// The versions of the protocol that it speaks.
    pub supported_contract_versions: [&'static str; 1],
    /// What it can do.
    pub capabilities: [Capability; 3],
}

impl Metadata {
    /// The metadata of this plugin.
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

/// The request may be absent. When there is one, it must be a JSON object; nothing in it changes the answer.
pub(super) fn check_request(input: &Input) -> Result<(), PluginError> {
    match input {
        Input::Absent => Ok(()),
        Input::Request(bytes) => Ok(notary::json::parse_object("request", bytes).map(|_| ())?),
    }
}
