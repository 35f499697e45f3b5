//! Request and response of `generate-envelope`.

use std::collections::BTreeMap;

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;

use super::request::{base64, parse, plugin_config};
use super::{CONTRACT_VERSION, RequestError};
use crate::json::Object;

/// The request of `generate-envelope`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerateEnvelopeRequest {
    /// The key.
    pub key_id: String,
    /// The media type of the payload.
    pub payload_type: String,
    /// The media type of the envelope to generate.
    pub envelope_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// After how many seconds the signature expires; `None` means never, or as the plugin decides.
    pub expiry_in_seconds: Option<u64>,
    /// The plugin configuration.
    pub plugin_config: BTreeMap<String, String>,
}

impl GenerateEnvelopeRequest {
    /// Returns the request in JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut request = json!({
            "contractVersion": CONTRACT_VERSION,
            "keyId": self.key_id,
            "payloadType": self.payload_type,
            "signatureEnvelopeType": self.envelope_type,
            "payload": STANDARD.encode(&self.payload),
            "pluginConfig": self.plugin_config,
        });
        if let Some(seconds) = self.expiry_in_seconds {
            request["expiryDurationInSeconds"] = json!(seconds);
        }
        request.to_string()
    }

    /// Parses a request.
    ///
    /// # Errors
    /// Returns [`RequestError`] if the request does not conform to the protocol.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let mut request = parse(bytes)?;
        let key_id = request.string("keyId")?;
        let payload_type = request.string("payloadType")?;
        let envelope_type = request.string("signatureEnvelopeType")?;
        let payload = request.string("payload")?;
        let expiry = match request.take("expiryDurationInSeconds") {
            None => 0,
            Some(value) => value
                .as_u64()
                .ok_or_else(|| request.wrong("expiryDurationInSeconds", "a non-negative integer", &value))?,
        };
        Ok(Self {
            key_id,
            payload_type,
            envelope_type,
            payload: base64(request.path("payload"), &payload)?,
            expiry_in_seconds: Some(expiry).filter(|seconds| *seconds > 0),
            plugin_config: plugin_config(&mut request)?,
        })
    }
}

/// A response of `generate-envelope`, as a host reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedEnvelope {
    /// The envelope.
    pub envelope: Vec<u8>,
    /// Its media type.
    pub media_type: String,
    /// Annotations for the signature manifest.
    pub annotations: BTreeMap<String, String>,
}

impl GeneratedEnvelope {
    /// Parses a response.
    ///
    /// # Errors
    /// Returns [`RequestError`] if a member is missing, has the wrong type or is not base64.
    pub fn parse(mut response: Object) -> Result<Self, RequestError> {
        let envelope = response.string("signatureEnvelope")?;
        let annotations = response.optional_object("annotations")?;
        Ok(Self {
            envelope: base64(response.path("signatureEnvelope"), &envelope)?,
            media_type: response.string("signatureEnvelopeType")?,
            annotations: annotations.map_or(Ok(BTreeMap::new()), Object::into_strings)?,
        })
    }
}

/// The response of `generate-envelope`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateEnvelopeResponse {
    /// The envelope in base64.
    pub signature_envelope: String,
    /// Its media type.
    pub signature_envelope_type: String,
    /// Annotations for the signature manifest.
    pub annotations: BTreeMap<String, String>,
}

impl GenerateEnvelopeResponse {
    /// Creates the response with an envelope of a media type.
    #[must_use]
    pub fn new(envelope: &[u8], media_type: &str, annotations: BTreeMap<String, String>) -> Self {
        Self {
            signature_envelope: STANDARD.encode(envelope),
            signature_envelope_type: media_type.to_owned(),
            annotations,
        }
    }
}
