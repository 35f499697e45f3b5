//! The protocol's errors: `plugin-extensibility.md`, "Plugin contract" and the error codes of each command.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::Write;

use aws_names::ArnError;
use aws_signer::{CallError, ConfigError, Failure, SignError};
use notary::ReasonCode;
use notary::json::JsonError;
use notary::text::printable;
use notary::x509::ChainError;
use serde::Serialize;

use super::advice;

/// The codes that the protocol has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The request, or something it refers to, is malformed, unknown or unsupported.
    ValidationError,
    /// The request has an unsupported version of the protocol.
    UnsupportedContractVersion,
    /// Credentials are missing, invalid or lack a permission.
    AccessDenied,
    /// The deadline has passed. A retry may succeed.
    Timeout,
    /// Too many requests. A retry may succeed.
    Throttled,
    /// Anything else.
    Error,
}

/// An error in the form that notation expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct PluginError {
    /// The error code.
    #[serde(rename = "errorCode")]
    pub code: ErrorCode,
    /// What happened and what to do.
    #[serde(rename = "errorMessage")]
    pub message: String,
    /// Machine-readable details: `awsErrorCode`, `requestId`, `region`, `awsProfile`, `operation`.
    #[serde(rename = "errorMetadata", skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<&'static str, String>,
}

impl PluginError {
    /// Creates an error without metadata. The message may contain values of the request, so it is sanitized.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: printable(&message.into()), metadata: BTreeMap::new() }
    }

    /// Creates an error for a malformed or unsupported request.
    #[must_use]
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ValidationError, message)
    }

    pub(super) fn from_panic(panic: &(dyn Any + Send)) -> Self {
        let what = panic.downcast_ref::<String>().map(String::as_str);
        let what = what.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Self::new(ErrorCode::Error, format!("internal error in the plugin, please report it: {what}"))
    }

    /// Writes the error to standard error as one line of JSON. A failure to write is ignored, since it cannot be
    /// reported.
    pub(super) fn write(&self) {
        // Cannot fail: the error consists of text.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        let _ = std::io::stderr().lock().write_all(&line);
    }
}

impl From<JsonError> for PluginError {
    fn from(error: JsonError) -> Self {
        Self::validation(format!("the request is not valid: {error}"))
    }
}

impl From<ArnError> for PluginError {
    fn from(error: ArnError) -> Self {
        Self::validation(error.to_string())
    }
}

impl From<ConfigError> for PluginError {
    fn from(error: ConfigError) -> Self {
        Self::validation(error.to_string())
    }
}

impl From<ChainError> for PluginError {
    fn from(error: ChainError) -> Self {
        Self::validation(error.to_string())
    }
}

impl From<CallError> for PluginError {
    fn from(error: CallError) -> Self {
        let mut metadata =
            BTreeMap::from([("operation", error.operation.to_owned()), ("region", error.region.to_string())]);
        metadata.extend(error.profile.clone().map(|profile| ("awsProfile", profile)));
        if let Failure::Refused { code, request_id, .. } = &error.failure {
            metadata.extend(code.clone().map(|code| ("awsErrorCode", code)));
            metadata.extend(request_id.clone().map(|id| ("requestId", id)));
        }
        let message = advice::append(&error, error.advice().as_ref());
        Self { metadata, ..Self::new(error_code(error.code()), message) }
    }
}

impl From<SignError> for PluginError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Call(call) => call.into(),
            SignError::Envelope(_) => Self::new(error_code(error.code()), error.to_string()),
        }
    }
}

/// Returns the protocol's code for a failure.
fn error_code(reason: ReasonCode) -> ErrorCode {
    match reason {
        ReasonCode::Credentials | ReasonCode::Denied => ErrorCode::AccessDenied,
        ReasonCode::Throttled => ErrorCode::Throttled,
        ReasonCode::Deadline => ErrorCode::Timeout,
        ReasonCode::NotFound | ReasonCode::Configuration => ErrorCode::ValidationError,
        _ => ErrorCode::Error,
    }
}
