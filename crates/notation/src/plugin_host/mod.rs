//! Plugins: those that sign, and verification plugins that signatures require. notaryproject/specifications,
//! `plugin-extensibility.md`. AWS Signer's part is built in; other plugins are run from notation's plugin folder.

mod error;
mod folder;
mod process;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use limits::Deadline;
use notary::envelope::{PAYLOAD_MEDIA_TYPE, SigningScheme, VerifiedEnvelope};
use notary::json::Object;
use notary::plugin::{
    CONTRACT_VERSION, Command, CriticalAttributes, Metadata, VerifySignatureRequest, VerifySignatureResponse,
};
pub(super) use notary::plugin::{Capability, VerificationResult};
use notary::trust::policy::TrustedIdentities;
use semver::Version;

pub use self::error::PluginError;
pub use self::folder::PluginFolder;
use self::process::ask;
pub(crate) use self::version::parse as parse_version;

const VERIFY: Command = Command::VerifySignature;

/// A plugin's name, which is also the name of its folder and part of its file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PluginName(String);

impl FromStr for PluginName {
    type Err = PluginError;

    fn from_str(text: &str) -> Result<Self, PluginError> {
        let is_safe = (1..=200).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && text.as_bytes()[0].is_ascii_alphanumeric();
        if is_safe { Ok(Self(text.to_owned())) } else { Err(PluginError::Name(text.chars().take(200).collect())) }
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A plugin that a signature requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DemandedPlugin {
    pub(crate) name: PluginName,
    minimum: Option<Version>,
}

/// An installed plugin that has the required version and at least one verification capability.
#[derive(Debug)]
pub(crate) struct UsablePlugin {
    name: PluginName,
    program: PathBuf,
    capabilities: BTreeSet<Capability>,
    config: BTreeMap<String, String>,
    deadline: Deadline,
}

impl DemandedPlugin {
    pub(super) fn new(name: &str, minimum: Option<&str>) -> Result<Self, PluginError> {
        let minimum = minimum.map(version::parse).transpose().map_err(PluginError::MinimumVersion)?;
        Ok(Self { name: name.parse()?, minimum })
    }

    /// Finds the plugin's program and checks its metadata.
    pub(crate) async fn find(&self, folder: &PluginFolder, deadline: Deadline) -> Result<UsablePlugin, PluginError> {
        let Program { program, metadata, .. } = Program::named(folder, &self.name, deadline).await?;
        let found = version::parse(&metadata.version).map_err(PluginError::Version)?;
        if let Some(demanded) = self.minimum.as_ref().filter(|demanded| demanded.cmp_precedence(&found).is_gt()) {
            return Err(PluginError::TooOld { demanded: demanded.to_string(), found: found.to_string() });
        }
        let capabilities: BTreeSet<_> = metadata.capabilities.into_iter().filter(|c| c.is_check()).collect();
        if capabilities.is_empty() {
            return Err(PluginError::NoVerifier);
        }
        let name = self.name.clone();
        let config = folder.plugin_config().clone();
        Ok(UsablePlugin { name, program, capabilities, config, deadline })
    }
}

/// The program of an installed plugin that supports this version of the protocol.
#[derive(Debug)]
pub(crate) struct Program {
    program: PathBuf,
    metadata: Metadata,
    deadline: Deadline,
}

impl Program {
    /// Finds a plugin by its name, and checks its metadata.
    pub(crate) async fn find(folder: &PluginFolder, name: &str, deadline: Deadline) -> Result<Self, PluginError> {
        Self::named(folder, &name.parse()?, deadline).await
    }

    async fn named(folder: &PluginFolder, name: &PluginName, deadline: Deadline) -> Result<Self, PluginError> {
        let program = folder.program(name)?;
        let metadata = metadata(&program, deadline).await?;
        if metadata.name != name.0 {
            return Err(PluginError::OtherName(metadata.name));
        }
        if !metadata.supported_contract_versions.iter().any(|version| version == CONTRACT_VERSION) {
            return Err(PluginError::Contract(metadata.supported_contract_versions));
        }
        Ok(Self { program, metadata, deadline })
    }

    /// Whether the plugin has the capability.
    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.metadata.capabilities.contains(&capability)
    }

    /// The same plugin with another deadline.
    pub(crate) fn within(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }

    /// Runs a command.
    pub(crate) async fn ask(&self, command: Command, request: &str) -> Result<Object, PluginError> {
        ask(&self.program, command, request.as_bytes(), self.deadline).await
    }
}

/// Asks a program for its metadata. This needs neither credentials nor network.
pub(crate) async fn metadata(program: &Path, deadline: Deadline) -> Result<Metadata, PluginError> {
    let command = Command::GetPluginMetadata;
    let answer = ask(program, command, b"{}", deadline).await?;
    Metadata::parse(answer).map_err(|source| PluginError::Answer { command, source })
}

impl UsablePlugin {
    /// Whether the plugin makes this check instead of this program.
    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// Lets the plugin make these checks and process every critical attribute that is unknown to this program.
    pub(crate) async fn verify(
        &self,
        envelope: &VerifiedEnvelope,
        trusted_identities: &TrustedIdentities,
        checks: &BTreeSet<Capability>,
    ) -> Result<BTreeMap<Capability, VerificationResult>, PluginError> {
        let unknown = &envelope.attributes().extended_critical;
        if checks.is_empty() {
            // The protocol does not allow a request without checks.
            return match unknown.keys().next() {
                Some(attribute) => Err(PluginError::Unprocessed(attribute.clone())),
                None => Ok(BTreeMap::new()),
            };
        }
        let request = self.request(envelope, trusted_identities, checks)?.to_json();
        let answer = ask(&self.program, VERIFY, request.as_bytes(), self.deadline).await?;
        let answer = VerifySignatureResponse::parse(answer);
        let answer = answer.map_err(|source| PluginError::Answer { command: VERIFY, source })?;
        if let Some(attribute) = unknown.keys().find(|attribute| !answer.processed_attributes.contains(attribute)) {
            return Err(PluginError::Unprocessed(attribute.clone()));
        }
        if !answer.verification_results.keys().eq(checks) {
            let found = answer.verification_results.into_keys().collect();
            return Err(PluginError::Results { asked: checks.iter().copied().collect(), found });
        }
        Ok(answer.verification_results)
    }

    fn request(
        &self,
        envelope: &VerifiedEnvelope,
        trusted_identities: &TrustedIdentities,
        checks: &BTreeSet<Capability>,
    ) -> Result<VerifySignatureRequest, PluginError> {
        let attributes = envelope.attributes();
        let unknown = &attributes.extended_critical;
        if let Some((name, _)) = unknown.iter().find(|(_, value)| value.is_array() || value.is_object()) {
            return Err(PluginError::Attribute(name.clone()));
        }
        let is_authentic = attributes.signing_scheme == SigningScheme::SigningAuthority;
        Ok(VerifySignatureRequest {
            critical_attributes: CriticalAttributes {
                content_type: PAYLOAD_MEDIA_TYPE.to_owned(),
                signing_scheme: attributes.signing_scheme.as_str().to_owned(),
                authentic_signing_time: is_authentic.then_some(attributes.signing_time),
                expiry: attributes.expiry,
                verification_plugin: Some(self.name.0.clone()),
                verification_plugin_min_version: attributes.verification_plugin_min_version.clone(),
                extended: unknown.clone(),
            },
            unprocessed_attributes: unknown.keys().cloned().collect(),
            certificate_chain: envelope.chain().certificates().iter().map(|c| c.der().to_vec()).collect(),
            trusted_identities: trusted_identities.to_strings(),
            checks: checks.iter().copied().collect(),
            plugin_config: self.config.clone(),
        })
    }
}
