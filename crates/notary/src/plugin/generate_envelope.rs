//! Request and response of `generate-envelope`.

use std::collections::BTreeMap;

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::RequestError;
use super::request::{base64, parse, plugin_config};

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
