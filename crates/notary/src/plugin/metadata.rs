//! The response of `get-plugin-metadata`.

use serde::Serialize;

use super::Capability;
use crate::json::{JsonError, Object};

/// How a plugin describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The name of the plugin and of its folder.
    pub name: String,
    /// A short description.
    pub description: String,
    /// The version (SemVer).
    pub version: String,
    /// The URL of the documentation.
    pub url: String,
    /// The supported versions of the plugin protocol.
    pub supported_contract_versions: Vec<String>,
    /// The capabilities. Unknown ones are left out.
    pub capabilities: Vec<Capability>,
}

impl Metadata {
    /// Reads a response. The protocol requires every member.
    ///
    /// # Errors
    /// Returns [`JsonError`] if a text is missing or empty, or a member has the wrong type.
    pub fn parse(mut response: Object) -> Result<Self, JsonError> {
        let name = response.string("name")?;
        let version = response.string("version")?;
        let capabilities = response.strings("capabilities")?;
        Ok(Self {
            name,
            version,
            description: response.string("description")?,
            url: response.string("url")?,
            supported_contract_versions: response.strings("supportedContractVersions")?,
            capabilities: capabilities.iter().filter_map(|name| Capability::from_name(name)).collect(),
        })
    }
}
