//! The requests that this plugin accepts: those of the protocol, with the values that AWS Signer supports.

use std::collections::BTreeMap;
use std::str::FromStr;

use aws_names::{AliasArn, ArnError, JobArn, ProfileArn, SigningProfileVersion};
use notary::envelope::{JWS_MEDIA_TYPE, PAYLOAD_MEDIA_TYPE, SigningScheme, header};
use notary::json::JsonError;
use notary::plugin::{Capability, GenerateEnvelopeRequest, RequestError, VerifySignatureRequest};
use notary::trust::SigningIdentity;
use notary::trust::policy::TrustedIdentities;
use notary::x509::CertificateChain;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::error::PluginError;

/// A request of a command.
pub trait Request: Sized {
    /// Parses the request.
    ///
    /// # Errors
    /// Returns `VALIDATION_ERROR` if the request is invalid, and `UNSUPPORTED_CONTRACT_VERSION` if its version is
    /// unsupported.
    fn parse(bytes: &[u8]) -> Result<Self, PluginError>;
}

/// A request to sign a payload with a signing profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRequest {
    /// The signing profile, from `keyId`.
    pub profile: ProfileArn,
    /// The payload.
    pub payload: Vec<u8>,
    /// The plugin configuration.
    pub plugin_config: BTreeMap<String, String>,
}

impl Request for SigningRequest {
    fn parse(bytes: &[u8]) -> Result<Self, PluginError> {
        let request = GenerateEnvelopeRequest::parse(bytes)?;
        if request.expiry_in_seconds.is_some() {
            return Err(PluginError::validation(
                "expiryDurationInSeconds (notation sign --expiry) is not supported: the signing profile defines \
                 the validity of its signatures; set it there (signatureValidityPeriod of PutSigningProfile)",
            ));
        }
        if request.payload_type != PAYLOAD_MEDIA_TYPE {
            return Err(not_supported("payloadType", &request.payload_type, PAYLOAD_MEDIA_TYPE));
        }
        if request.envelope_type != JWS_MEDIA_TYPE {
            return Err(not_supported(
                "signatureEnvelopeType (notation sign --signature-format)",
                &request.envelope_type,
                JWS_MEDIA_TYPE,
            ));
        }
        Ok(Self {
            profile: request.key_id.parse().map_err(|why| PluginError::validation(format!("keyId: {why}")))?,
            payload: request.payload,
            plugin_config: request.plugin_config,
        })
    }
}

/// A request to check a signature of AWS Signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRequest {
    /// The signing profile version, from the critical attributes.
    pub profile_version: SigningProfileVersion,
    /// The alias through which the profile was used, if the signature has one among its critical attributes.
    pub alias: Option<AliasArn>,
    /// The signing job, from the critical attributes. It may be absent if the revocation check is not requested.
    pub job: Option<JobArn>,
    /// The authentic signing time.
    pub authentic_signing_time: OffsetDateTime,
    /// The certificate chain of the envelope.
    pub chain: CertificateChain,
    /// The trusted identities of the trust policy.
    pub trusted_identities: TrustedIdentities,
    /// The requested checks.
    pub checks: Vec<Capability>,
    /// The plugin configuration.
    pub plugin_config: BTreeMap<String, String>,
}

impl CheckRequest {
    /// Who signed, to compare with the trusted identities.
    #[must_use]
    pub fn signer(&self) -> SigningIdentity<'_> {
        SigningIdentity { profile_version: &self.profile_version, alias: self.alias.as_ref() }
    }
}

const ATTRIBUTES: &str = "signature.criticalAttributes";

impl Request for CheckRequest {
    fn parse(bytes: &[u8]) -> Result<Self, PluginError> {
        let request = VerifySignatureRequest::parse(bytes)?;
        let attributes = request.critical_attributes;
        if attributes.content_type != PAYLOAD_MEDIA_TYPE {
            let path = format!("{ATTRIBUTES}.contentType");
            return Err(not_supported(&path, &attributes.content_type, PAYLOAD_MEDIA_TYPE));
        }
        if attributes.signing_scheme != SigningScheme::SigningAuthority.as_str() {
            let path = format!("{ATTRIBUTES}.signingScheme");
            return Err(not_supported(&path, &attributes.signing_scheme, SigningScheme::SigningAuthority.as_str()));
        }
        let authentic_signing_time = attributes.authentic_signing_time.ok_or_else(|| {
            RequestError::Json(JsonError::Missing { path: format!("{ATTRIBUTES}.authenticSigningTime") })
        })?;
        let profile_version = attribute(&attributes.extended, header::SIGNING_PROFILE_VERSION)?
            .ok_or_else(|| missing_attribute(header::SIGNING_PROFILE_VERSION))?;
        Ok(Self {
            profile_version,
            alias: alias(&attributes.extended)?,
            job: attribute(&attributes.extended, header::SIGNING_JOB)?,
            authentic_signing_time,
            chain: CertificateChain::from_der(request.certificate_chain)?,
            trusted_identities: TrustedIdentities::parse_lenient(&request.trusted_identities),
            checks: request.checks,
            plugin_config: request.plugin_config,
        })
    }
}

/// Returns the error for a missing attribute of AWS Signer.
pub(super) fn missing_attribute(name: &str) -> PluginError {
    PluginError::validation(format!(
        "{ATTRIBUTES}.extendedAttributes lacks {name:?}: the signature was not made by AWS Signer, or the attribute is not \
         critical in it"
    ))
}

/// Parses the alias. An attribute without a value would be one that was not processed.
fn alias(extended: &Map<String, Value>) -> Result<Option<AliasArn>, PluginError> {
    match attribute(extended, header::SIGNING_PROFILE_ALIAS)? {
        None if extended.contains_key(header::SIGNING_PROFILE_ALIAS) => Err(PluginError::validation(format!(
            "{ATTRIBUTES}.extendedAttributes[{:?}] must be a string",
            header::SIGNING_PROFILE_ALIAS
        ))),
        alias => Ok(alias),
    }
}

/// Parses an extended attribute that contains an ARN.
fn attribute<Arn>(extended: &Map<String, Value>, name: &str) -> Result<Option<Arn>, PluginError>
where
    Arn: FromStr<Err = ArnError>,
{
    let wrong = |what: &str| PluginError::validation(format!("{ATTRIBUTES}.extendedAttributes[{name:?}] {what}"));
    match extended.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|why| wrong(&format!("is not usable: {why}"))),
        Some(_) => Err(wrong("must be a string")),
    }
}

fn not_supported(path: &str, found: &str, supported: &str) -> PluginError {
    PluginError::validation(format!("{path} is {found:?}, only {supported:?} is supported"))
}
