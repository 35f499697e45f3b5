//! The protocol's responses.

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use notary::text::printable;
use serde::Serialize;

use super::error::{ErrorCode, PluginError};
use super::metadata::{Capability, Metadata};

/// A response of a command.
pub trait Answer: Serialize {
    /// The response as one JSON document.
    ///
    /// # Errors
    /// None in practice: the responses hold text only.
    fn to_json(&self) -> Result<String, PluginError> {
        serde_json::to_string(self)
            .map_err(|e| PluginError::new(ErrorCode::Error, format!("the answer cannot be written as JSON: {e}")))
    }
}

impl Answer for Metadata {}

/// The response of `generate-envelope`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateEnvelopeResponse {
    /// The envelope, base64.
    pub signature_envelope: String,
    /// Its media type.
    pub signature_envelope_type: &'static str,
    /// Annotations for the signature's manifest.
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

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerificationResult {
    /// Whether the check passed.
    pub success: bool,
    /// Why, in a sentence.
    pub reason: String,
}

impl VerificationResult {
    /// An outcome with a reason that may hold values of the request: it is bounded, and made fit for a terminal.
    pub(super) fn new(success: bool, reason: &str) -> Self {
        Self { success, reason: printable(reason) }
    }
}

/// The response of `verify-signature`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifySignatureResponse {
    /// The outcome of each check that was asked for, and of no other.
    pub verification_results: BTreeMap<Capability, VerificationResult>,
    /// The attributes that this plugin understands.
    pub processed_attributes: [&'static str; 2],
}

impl Answer for VerifySignatureResponse {}

/// Writes an answer in one piece. Gives the exit code: an answer that did not get out is a failure.
pub(super) fn write(output: &str) -> u8 {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(output.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => 0,
        Err(why) => {
            PluginError::new(ErrorCode::Error, format!("the answer could not be written to standard output: {why}"))
                .write();
            1
        }
    }
}
