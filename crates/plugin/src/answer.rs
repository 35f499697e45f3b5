//! The protocol's responses.

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use notary::text::printable;
use serde::Serialize;

use super::error::{ErrorCode, PluginError};
use super::metadata::{Capability, Metadata};

/// The response of a command.
pub trait Answer: Serialize {
    /// Serializes the response as one JSON document.
    ///
    /// # Errors
    /// Returns [`PluginError`] if serialization fails, which does not happen for responses that consist of text.
    fn to_json(&self) -> Result<String, PluginError> {
        serde_json::to_string(self)
            .map_err(|e| PluginError::new(ErrorCode::Error, format!("cannot serialize the response as JSON: {e}")))
    }
}

impl Answer for Metadata {}

/// The response of `generate-envelope`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateEnvelopeResponse {
    /// The envelope in base64.
    pub signature_envelope: String,
    /// Its media type.
    pub signature_envelope_type: &'static str,
    /// Annotations for the signature manifest.
    pub annotations: BTreeMap<String, String>,
}

impl GenerateEnvelopeResponse {
    pub(super) fn new(envelope: &[u8], annotations: BTreeMap<String, String>) -> Self {
        Self {
            signature_envelope: STANDARD.encode(envelope),
            signature_envelope_type: notary::envelope::JWS_MEDIA_TYPE,
            annotations,
        }
    }
}

impl Answer for GenerateEnvelopeResponse {}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerificationResult {
    /// Whether the check passed.
    pub success: bool,
    /// The reason as a sentence.
    pub reason: String,
}

impl VerificationResult {
    /// Creates a result. The reason may contain values of the request, so it is sanitized.
    pub(super) fn new(success: bool, reason: &str) -> Self {
        Self { success, reason: printable(reason) }
    }
}

/// The response of `verify-signature`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifySignatureResponse {
    /// The results of the requested checks.
    pub verification_results: BTreeMap<Capability, VerificationResult>,
    /// The attributes that this plugin has processed.
    pub processed_attributes: [&'static str; 2],
}

impl Answer for VerifySignatureResponse {}

/// Writes a response to standard output and returns the exit code, which is 1 if writing fails.
pub(super) fn write(output: &str) -> u8 {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(output.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => 0,
        Err(why) => {
            PluginError::new(ErrorCode::Error, format!("cannot write the response to standard output: {why}")).write();
            1
        }
    }
}
