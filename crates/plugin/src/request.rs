//! The protocol's requests, parsed from untrusted JSON into types that are always valid.
//!
//! Unknown members are ignored, as the protocol requires. Null counts as absent, as in Go.

use std::collections::BTreeMap;

use aws_names::{JobArn, ProfileArn, ProfileVersionArn};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use notary::envelope::{JWS_MEDIA_TYPE, PAYLOAD_MEDIA_TYPE, SigningScheme, header};
use notary::json;
use notary::json::Object;
use notary::text::parse_rfc3339;
use notary::x509::CertificateChain;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::CONTRACT_VERSION;
use super::error::{ErrorCode, PluginError};
use super::metadata::Capability;

/// A request of a command.
pub trait Request: Sized {
    /// Parses the request.
    ///
    /// # Errors
    /// Returns `VALIDATION_ERROR` if the request is invalid, and `UNSUPPORTED_CONTRACT_VERSION` if its version is
    /// unsupported.
    fn parse(bytes: &[u8]) -> Result<Self, PluginError>;
}

/// The request of `generate-envelope`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerateEnvelopeRequest {
    /// The signing profile, from `keyId`.
    pub profile: ProfileArn,
    /// The payload.
    pub payload: Vec<u8>,
    /// The plugin configuration.
    pub plugin_config: BTreeMap<String, String>,
}

impl Request for GenerateEnvelopeRequest {
    fn parse(bytes: &[u8]) -> Result<Self, PluginError> {
        let mut request = json::parse_object("request", bytes)?;
        check_contract_version(&mut request)?;
        let key_id = request.string("keyId")?;
        let payload_type = request.string("payloadType")?;
        let envelope_type = request.string("signatureEnvelopeType")?;
        let payload = request.string("payload")?;
        match request.take("expiryDurationInSeconds") {
            None => {}
            Some(Value::Number(n)) if n.as_i64() == Some(0) => {}
            Some(_) => {
                return Err(PluginError::validation(
                    "expiryDurationInSeconds (notation sign --expiry) is not supported: the signing profile defines \
                     the validity of its signatures; set it there (signatureValidityPeriod of PutSigningProfile)",
                ));
            }
        }
        if payload_type != PAYLOAD_MEDIA_TYPE {
            return Err(not_supported("payloadType", &payload_type, PAYLOAD_MEDIA_TYPE));
        }
        if envelope_type != JWS_MEDIA_TYPE {
            return Err(not_supported(
                "signatureEnvelopeType (notation sign --signature-format)",
                &envelope_type,
                JWS_MEDIA_TYPE,
            ));
        }
        Ok(Self {
            profile: key_id.parse().map_err(|why| PluginError::validation(format!("keyId: {why}")))?,
            payload: base64("payload", &payload)?,
            plugin_config: plugin_config(&mut request)?,
        })
    }
}

/// The request of `verify-signature`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifySignatureRequest {
    /// The signing profile version, from the critical attributes.
    pub profile_version: ProfileVersionArn,
    /// The signing job, from the critical attributes. It may be absent if the revocation check is not requested.
    pub job: Option<JobArn>,
    /// The authentic signing time.
    pub authentic_signing_time: OffsetDateTime,
    /// The certificate chain of the envelope.
    pub chain: CertificateChain,
    /// The trusted identities of the trust policy, unparsed.
    pub trusted_identities: Vec<String>,
    /// The requested checks.
    pub checks: Vec<Capability>,
    /// The plugin configuration.
    pub plugin_config: BTreeMap<String, String>,
}

impl Request for VerifySignatureRequest {
    fn parse(bytes: &[u8]) -> Result<Self, PluginError> {
        let mut request = json::parse_object("request", bytes)?;
        check_contract_version(&mut request)?;
        let mut signature = request.object("signature")?;
        let mut attributes = signature.object("criticalAttributes")?;
        let certificates = signature.strings("certificateChain")?;
        if certificates.is_empty() {
            return Err(signature.missing("certificateChain").into());
        }
        signature.strings("unprocessedAttributes")?;
        let mut policy = request.object("trustPolicy")?;
        let trusted_identities = policy.strings("trustedIdentities")?;
        let checks = checks(&mut policy)?;

        let content_type = attributes.string("contentType")?;
        if content_type != PAYLOAD_MEDIA_TYPE {
            return Err(not_supported(&attributes.path("contentType"), &content_type, PAYLOAD_MEDIA_TYPE));
        }
        let scheme = attributes.string("signingScheme")?;
        if scheme != SigningScheme::SigningAuthority.as_str() {
            let path = attributes.path("signingScheme");
            return Err(not_supported(&path, &scheme, SigningScheme::SigningAuthority.as_str()));
        }
        let authentic_signing_time = time(&mut attributes, "authenticSigningTime")?
            .ok_or_else(|| PluginError::from(attributes.missing("authenticSigningTime")))?;
        time(&mut attributes, "expiry")?;
        let path = attributes.path("extendedAttributes");
        let extended = attributes.object("extendedAttributes")?.into_members();
        let profile_version: ProfileVersionArn = attribute(&path, &extended, header::SIGNING_PROFILE_VERSION)?
            .ok_or_else(|| missing_attribute(&path, header::SIGNING_PROFILE_VERSION))?;
        let job = attribute(&path, &extended, header::SIGNING_JOB)?;
        let chain = certificates
            .iter()
            .enumerate()
            .map(|(i, text)| base64(&signature.path(&format!("certificateChain[{i}]")), text))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            profile_version,
            job,
            authentic_signing_time,
            chain: CertificateChain::from_der(chain)?,
            trusted_identities,
            checks,
            plugin_config: plugin_config(&mut request)?,
        })
    }
}

/// Returns the error for a missing attribute of AWS Signer.
pub(super) fn missing_attribute(path: &str, name: &str) -> PluginError {
    PluginError::validation(format!(
        "{path} lacks {name:?}: the signature was not made by AWS Signer, or the attribute is not critical in it"
    ))
}

fn check_contract_version(request: &mut Object) -> Result<(), PluginError> {
    let version = request.string("contractVersion")?;
    if version == CONTRACT_VERSION {
        return Ok(());
    }
    Err(PluginError::new(
        ErrorCode::UnsupportedContractVersion,
        format!("the plugin contract version {version:?} is not supported; this plugin supports {CONTRACT_VERSION:?}"),
    ))
}

fn checks(policy: &mut Object) -> Result<Vec<Capability>, PluginError> {
    let names = policy.strings("signatureVerification")?;
    if names.is_empty() {
        return Err(policy.missing("signatureVerification").into());
    }
    let check = |name: &String| {
        Capability::verifier(name).ok_or_else(|| {
            PluginError::validation(format!(
                "{} has {name:?}, which this plugin cannot check",
                policy.path("signatureVerification")
            ))
        })
    };
    names.iter().map(check).collect()
}

/// Parses an optional RFC 3339 time. Go's zero time counts as absent.
fn time(attributes: &mut Object, name: &str) -> Result<Option<OffsetDateTime>, PluginError> {
    let Some(text) = attributes.optional_string(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    match parse_rfc3339(&text) {
        Some(time) if time == time::macros::datetime!(0001-01-01 00:00 UTC) => Ok(None),
        Some(time) => Ok(Some(time)),
        None => Err(PluginError::validation(format!("{} is {text:?}, not an RFC 3339 time", attributes.path(name)))),
    }
}

/// Parses an extended attribute that contains an ARN.
fn attribute<Arn>(path: &str, extended: &Map<String, Value>, name: &str) -> Result<Option<Arn>, PluginError>
where
    Arn: std::str::FromStr<Err = aws_names::ArnError>,
{
    let wrong = |what: &str| PluginError::validation(format!("{path}[{name:?}] {what}"));
    match extended.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|why| wrong(&format!("is not usable: {why}"))),
        Some(_) => Err(wrong("must be a string")),
    }
}

fn plugin_config(request: &mut Object) -> Result<BTreeMap<String, String>, PluginError> {
    Ok(request.optional_object("pluginConfig")?.map_or(Ok(BTreeMap::new()), Object::into_strings)?)
}

fn base64(path: &str, text: &str) -> Result<Vec<u8>, PluginError> {
    STANDARD.decode(text).map_err(|why| PluginError::validation(format!("{path} is not base64: {why}")))
}

fn not_supported(path: &str, found: &str, supported: &str) -> PluginError {
    PluginError::validation(format!("{path} is {found:?}, only {supported:?} is supported"))
}
