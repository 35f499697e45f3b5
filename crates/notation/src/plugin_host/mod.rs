//! Verification plugins that signatures require: notaryproject/specifications, `plugin-extensibility.md`, "Verification
//! extensibility". AWS Signer's checks are built in; other plugins are run from notation's plugin folder.

mod error;
mod folder;
mod process;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use limits::Deadline;
use notary::envelope::{PAYLOAD_MEDIA_TYPE, SignedAttributes, SigningScheme, VerifiedEnvelope};
use notary::json::{JsonError, Object};
use notary::text::rfc3339;
use serde_json::{Map, Value, json};

pub use self::error::PluginError;
pub use self::folder::PluginFolder;
pub(crate) use self::process::ask;
pub(crate) use self::version::Version;

const CONTRACT_VERSION: &str = "1.0";
pub(crate) const METADATA: &str = "get-plugin-metadata";
const VERIFY: &str = "verify-signature";

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

/// A check of a signature that a plugin can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Capability {
    TrustedIdentity,
    RevocationCheck,
}

impl Capability {
    const ALL: [Self; 2] = [Self::TrustedIdentity, Self::RevocationCheck];

    fn as_str(self) -> &'static str {
        match self {
            Self::TrustedIdentity => "SIGNATURE_VERIFIER.TRUSTED_IDENTITY",
            Self::RevocationCheck => "SIGNATURE_VERIFIER.REVOCATION_CHECK",
        }
    }
}

/// A plugin's result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) success: bool,
    pub(crate) reason: String,
}

/// A plugin that a signature requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DemandedPlugin {
    pub(crate) name: PluginName,
    minimum: Option<Version>,
}

/// An installed plugin that has the required version and at least one verification capability.
#[derive(Debug)]
pub(crate) struct InstalledPlugin {
    name: PluginName,
    program: PathBuf,
    capabilities: BTreeSet<Capability>,
    config: BTreeMap<String, String>,
    deadline: Deadline,
}

impl DemandedPlugin {
    pub(crate) fn new(name: &str, minimum: Option<&str>) -> Result<Self, PluginError> {
        Ok(Self { name: name.parse()?, minimum: minimum.map(str::parse).transpose()? })
    }

    /// Finds the plugin's program and checks its metadata.
    pub(crate) async fn find(&self, folder: &PluginFolder, deadline: Deadline) -> Result<InstalledPlugin, PluginError> {
        let program = folder.program(&self.name)?;
        let answer = ask(&program, METADATA, b"{}", deadline).await?;
        let metadata = Metadata::read(answer).map_err(|source| PluginError::Answer { command: METADATA, source })?;
        if metadata.name != self.name.0 {
            return Err(PluginError::OtherName(metadata.name));
        }
        if !metadata.contracts.iter().any(|contract| contract == CONTRACT_VERSION) {
            return Err(PluginError::Contract(metadata.contracts));
        }
        let found: Version = metadata.version.parse()?;
        if let Some(demanded) = self.minimum.as_ref().filter(|demanded| **demanded > found) {
            return Err(PluginError::TooOld { demanded: demanded.to_string(), found: found.to_string() });
        }
        let can = |capability: &Capability| metadata.capabilities.iter().any(|name| name == capability.as_str());
        let capabilities: BTreeSet<Capability> = Capability::ALL.into_iter().filter(can).collect();
        if capabilities.is_empty() {
            return Err(PluginError::NoVerifier);
        }
        let name = self.name.clone();
        let config = folder.config().clone();
        Ok(InstalledPlugin { name, program, capabilities, config, deadline })
    }
}

/// The answer of `get-plugin-metadata`.
struct Metadata {
    name: String,
    version: String,
    contracts: Vec<String>,
    capabilities: Vec<String>,
}

impl Metadata {
    /// Parses the metadata. Every member is required by the protocol, including unused ones.
    fn read(mut answer: Object) -> Result<Self, JsonError> {
        answer.string("description")?;
        answer.string("url")?;
        Ok(Self {
            name: answer.string("name")?,
            version: answer.string("version")?,
            contracts: answer.strings("supportedContractVersions")?,
            capabilities: answer.strings("capabilities")?,
        })
    }
}

impl InstalledPlugin {
    /// Whether the plugin makes this check instead of this program.
    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// Lets the plugin make these checks and process every critical attribute that is unknown to this program.
    pub(crate) async fn verify(
        &self,
        envelope: &VerifiedEnvelope,
        trusted_identities: &[String],
        checks: &BTreeSet<Capability>,
    ) -> Result<BTreeMap<Capability, Finding>, PluginError> {
        let unknown = &envelope.attributes().extended_critical;
        if checks.is_empty() {
            // The protocol does not allow a request without checks.
            return match unknown.keys().next() {
                Some(attribute) => Err(PluginError::Unprocessed(attribute.clone())),
                None => Ok(BTreeMap::new()),
            };
        }
        let request = self.request(envelope, trusted_identities, checks)?.to_string();
        let mut answer = ask(&self.program, VERIFY, request.as_bytes(), self.deadline).await?;
        let wrong = |source| PluginError::Answer { command: VERIFY, source };
        let processed = answer.strings("processedAttributes").map_err(wrong)?;
        if let Some(attribute) = unknown.keys().find(|attribute| !processed.contains(attribute)) {
            return Err(PluginError::Unprocessed(attribute.clone()));
        }
        findings(answer.object("verificationResults").map_err(wrong)?, checks)
    }

    fn request(
        &self,
        envelope: &VerifiedEnvelope,
        trusted_identities: &[String],
        checks: &BTreeSet<Capability>,
    ) -> Result<Value, PluginError> {
        let attributes = envelope.attributes();
        let unknown = &attributes.extended_critical;
        if let Some((name, _)) = unknown.iter().find(|(_, value)| value.is_array() || value.is_object()) {
            return Err(PluginError::Attribute(name.clone()));
        }
        let chain: Vec<String> =
            envelope.chain().certificates().iter().map(|certificate| STANDARD.encode(certificate.der())).collect();
        Ok(json!({
            "contractVersion": CONTRACT_VERSION,
            "signature": {
                "criticalAttributes": self.critical_attributes(attributes),
                "unprocessedAttributes": unknown.keys().collect::<Vec<_>>(),
                "certificateChain": chain,
            },
            "trustPolicy": {
                "trustedIdentities": trusted_identities,
                "signatureVerification": checks.iter().map(|check| check.as_str()).collect::<Vec<_>>(),
            },
            "pluginConfig": self.config,
        }))
    }

    fn critical_attributes(&self, attributes: &SignedAttributes) -> Map<String, Value> {
        let mut critical = Map::new();
        let mut add = |name: &str, value: Value| critical.insert(name.to_owned(), value);
        add("contentType", json!(PAYLOAD_MEDIA_TYPE));
        add("signingScheme", json!(attributes.signing_scheme.as_str()));
        if attributes.signing_scheme == SigningScheme::SigningAuthority {
            add("authenticSigningTime", json!(rfc3339(attributes.signing_time)));
        }
        if let Some(expiry) = attributes.expiry {
            add("expiry", json!(rfc3339(expiry)));
        }
        add("verificationPlugin", json!(self.name.0));
        if let Some(minimum) = &attributes.verification_plugin_min_version {
            add("verificationPluginMinVersion", json!(minimum));
        }
        add("extendedAttributes", Value::Object(attributes.extended_critical.clone()));
        critical
    }
}

/// Parses the results, which must be exactly those of the requested checks.
fn findings(mut results: Object, checks: &BTreeSet<Capability>) -> Result<BTreeMap<Capability, Finding>, PluginError> {
    let found: BTreeSet<String> = results.names().map(str::to_owned).collect();
    let asked: BTreeSet<String> = checks.iter().map(|check| check.as_str().to_owned()).collect();
    if found != asked {
        let shown = found.into_iter().take(10).map(|name| name.chars().take(100).collect()).collect();
        return Err(PluginError::Results { asked: asked.into_iter().collect(), found: shown });
    }
    let wrong = |source| PluginError::Answer { command: VERIFY, source };
    let mut finding = |check: &Capability| {
        let mut result = results.object(check.as_str())?;
        let success = result.optional_boolean("success")?.ok_or_else(|| result.missing("success"))?;
        let reason = result.optional_string("reason")?.unwrap_or_default();
        Ok((*check, Finding { success, reason }))
    };
    checks.iter().map(&mut finding).collect::<Result<_, JsonError>>().map_err(wrong)
}
