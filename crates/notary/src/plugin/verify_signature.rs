//! Request and response of `verify-signature`.

use std::collections::BTreeMap;

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use super::request::{base64, parse, plugin_config};
use super::{CONTRACT_VERSION, Capability, RequestError};
use crate::json::{JsonError, Object};
use crate::text::{parse_rfc3339, printable, rfc3339};

/// The request of `verify-signature`. The host has verified the integrity of the signature envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifySignatureRequest {
    /// The critical attributes of the signature.
    pub critical_attributes: CriticalAttributes,
    /// The names of the critical attributes that the host does not know. The plugin must process them.
    pub unprocessed_attributes: Vec<String>,
    /// The certificate chain in DER, the signing certificate first.
    pub certificate_chain: Vec<Vec<u8>>,
    /// The trusted identities of the trust policy.
    pub trusted_identities: Vec<String>,
    /// The checks to make.
    pub checks: Vec<Capability>,
    /// The plugin configuration.
    pub plugin_config: BTreeMap<String, String>,
}

/// The critical attributes of a signature.
#[derive(Debug, Clone, PartialEq)]
pub struct CriticalAttributes {
    /// The media type of the payload.
    pub content_type: String,
    /// The signing scheme.
    pub signing_scheme: String,
    /// The time of signing, if the scheme has an authentic one.
    pub authentic_signing_time: Option<OffsetDateTime>,
    /// When the signature expires.
    pub expiry: Option<OffsetDateTime>,
    /// The verification plugin that the signature names.
    pub verification_plugin: Option<String>,
    /// The minimum version of that plugin.
    pub verification_plugin_min_version: Option<String>,
    /// The critical attributes that the specification does not define.
    pub extended: Map<String, Value>,
}

impl VerifySignatureRequest {
    /// Parses a request.
    ///
    /// # Errors
    /// Returns [`RequestError`] if the request does not conform to the protocol.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let mut request = parse(bytes)?;
        let mut signature = request.object("signature")?;
        let attributes = signature.object("criticalAttributes")?;
        let certificates = signature.strings("certificateChain")?;
        if certificates.is_empty() {
            return Err(signature.missing("certificateChain").into());
        }
        let unprocessed_attributes = signature.strings("unprocessedAttributes")?;
        let mut policy = request.object("trustPolicy")?;
        let trusted_identities = policy.strings("trustedIdentities")?;
        let checks = checks(&mut policy)?;
        let certificate = |(i, text): (usize, &String)| base64(signature.path(&format!("certificateChain[{i}]")), text);
        Ok(Self {
            critical_attributes: CriticalAttributes::parse(attributes)?,
            unprocessed_attributes,
            certificate_chain: certificates.iter().enumerate().map(certificate).collect::<Result<_, _>>()?,
            trusted_identities,
            checks,
            plugin_config: plugin_config(&mut request)?,
        })
    }

    /// Returns the request as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let chain: Vec<String> = self.certificate_chain.iter().map(|der| STANDARD.encode(der)).collect();
        json!({
            "contractVersion": CONTRACT_VERSION,
            "signature": {
                "criticalAttributes": self.critical_attributes.to_json(),
                "unprocessedAttributes": self.unprocessed_attributes,
                "certificateChain": chain,
            },
            "trustPolicy": {
                "trustedIdentities": self.trusted_identities,
                "signatureVerification": self.checks,
            },
            "pluginConfig": self.plugin_config,
        })
        .to_string()
    }
}

impl CriticalAttributes {
    fn parse(mut attributes: Object) -> Result<Self, RequestError> {
        Ok(Self {
            content_type: attributes.string("contentType")?,
            signing_scheme: attributes.string("signingScheme")?,
            authentic_signing_time: time(&mut attributes, "authenticSigningTime")?,
            expiry: time(&mut attributes, "expiry")?,
            verification_plugin: attributes.optional_string("verificationPlugin")?,
            verification_plugin_min_version: attributes.optional_string("verificationPluginMinVersion")?,
            extended: attributes.object("extendedAttributes")?.into_members(),
        })
    }

    /// Absent attributes are left out.
    fn to_json(&self) -> Value {
        let members = [
            ("contentType", json!(self.content_type)),
            ("signingScheme", json!(self.signing_scheme)),
            ("authenticSigningTime", json!(self.authentic_signing_time.map(rfc3339))),
            ("expiry", json!(self.expiry.map(rfc3339))),
            ("verificationPlugin", json!(self.verification_plugin)),
            ("verificationPluginMinVersion", json!(self.verification_plugin_min_version)),
            ("extendedAttributes", json!(self.extended)),
        ];
        let present = members.into_iter().filter(|(_, value)| !value.is_null());
        Value::Object(present.map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

fn checks(policy: &mut Object) -> Result<Vec<Capability>, RequestError> {
    let names = policy.strings("signatureVerification")?;
    if names.is_empty() {
        return Err(policy.missing("signatureVerification").into());
    }
    let check = |name: String| match Capability::from_name(&name).filter(|capability| capability.is_check()) {
        Some(check) => Ok(check),
        None => Err(RequestError::Check { path: policy.path("signatureVerification"), name }),
    };
    names.into_iter().map(check).collect()
}

/// Parses an optional RFC 3339 time. Go's zero time counts as absent.
fn time(attributes: &mut Object, name: &str) -> Result<Option<OffsetDateTime>, RequestError> {
    let Some(text) = attributes.optional_string(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    match parse_rfc3339(&text) {
        Some(time) => Ok(Some(time).filter(|time| *time != datetime!(0001-01-01 00:00 UTC))),
        None => Err(RequestError::Time { path: attributes.path(name), value: text }),
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerificationResult {
    /// Whether the check passed.
    pub success: bool,
    /// The reason as a sentence. It may be empty.
    pub reason: String,
}

impl VerificationResult {
    /// Creates a result. The reason may contain values from outside, so it is sanitized.
    #[must_use]
    pub fn new(success: bool, reason: &str) -> Self {
        Self { success, reason: printable(reason) }
    }
}

/// The response of `verify-signature`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifySignatureResponse {
    /// The results by check.
    pub verification_results: BTreeMap<Capability, VerificationResult>,
    /// The names of the critical attributes that the plugin has processed.
    pub processed_attributes: Vec<String>,
}

impl VerifySignatureResponse {
    /// Reads a response.
    ///
    /// # Errors
    /// Returns [`JsonError`] if a result is malformed or belongs to a check that does not exist.
    pub fn parse(mut response: Object) -> Result<Self, JsonError> {
        let processed_attributes = response.strings("processedAttributes")?;
        let mut results = response.object("verificationResults")?;
        let names: Vec<String> = results.names().map(str::to_owned).collect();
        let mut verification_results = BTreeMap::new();
        for name in names {
            let check = Capability::from_name(&name).filter(|capability| capability.is_check());
            let check = check.ok_or_else(|| JsonError::Unknown { path: results.path(&name) })?;
            let mut result = results.object(&name)?;
            let success = result.optional_boolean("success")?.ok_or_else(|| result.missing("success"))?;
            let reason = result.optional_string("reason")?.unwrap_or_default();
            verification_results.insert(check, VerificationResult { success, reason });
        }
        Ok(Self { verification_results, processed_attributes })
    }
}
