//! `get-plugin-metadata`: name, version and capabilities of this plugin. The response is static.

use aws_names::{PLUGIN_DESCRIPTION, PLUGIN_NAME};
use notary::json::parse_object;
use notary::plugin::{CONTRACT_VERSION, Capability, Metadata, RequestError};

use super::error::PluginError;
use super::input::Input;

/// The documentation of AWS Signer for containers.
pub(super) const URL: &str = "https://docs.aws.amazon.com/signer/latest/developerguide/container-workflow.html";

/// Returns the metadata of this plugin.
#[must_use]
pub fn metadata() -> Metadata {
    Metadata {
        name: PLUGIN_NAME.to_owned(),
        description: PLUGIN_DESCRIPTION.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        url: URL.to_owned(),
        supported_contract_versions: vec![CONTRACT_VERSION.to_owned()],
        capabilities: vec![Capability::EnvelopeGenerator, Capability::TrustedIdentity, Capability::RevocationCheck],
    }
}

/// Checks the optional request, which must be a JSON object. Its content does not affect the response.
pub(super) fn check_request(input: &Input) -> Result<(), PluginError> {
    match input {
        Input::Absent => Ok(()),
        Input::Request(bytes) => {
            parse_object("request", bytes).map_err(RequestError::Json)?;
            Ok(())
        }
    }
}
