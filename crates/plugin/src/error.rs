//! The protocol's errors: `plugin-extensibility.md`, "Plugin contract" and the error codes of each command.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::Write;

use aws_names::ArnError;
use aws_signer::{CallError, CallErrorKind, ConfigError, Failure, SignError};
use notary::json::JsonError;
use notary::text::printable;
use notary::x509::ChainError;
use serde::Serialize;

/// The codes that the protocol has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The request, or what it names, is malformed, unknown or not supported.
    ValidationError,
    /// The request is of another version of the protocol.
    UnsupportedContractVersion,
    /// Credentials are missing, wrong or not allowed to do this.
    AccessDenied,
    /// The time budget was spent; it may work later.
    Timeout,
    /// Too many requests; it may work later.
    Throttled,
    /// Anything else.
    Error,
}

/// An error as notation reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct PluginError {
    /// The kind of error.
    #[serde(rename = "errorCode")]
    pub code: ErrorCode,
    /// What happened and what to do, for the person at the terminal.
    #[serde(rename = "errorMessage")]
    pub message: String,
    /// Values for programs: `awsErrorCode`, `requestId`, `region`, `awsProfile`, `operation`.
    #[serde(rename = "errorMetadata", skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<&'static str, String>,
}

impl PluginError {
    /// An error without metadata. The message may hold values of the request: it is bounded, and made fit for a terminal.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: printable(&message.into()), metadata: BTreeMap::new() }
    }

    /// A request that is malformed, or asks for something that is not supported.
    #[must_use]
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ValidationError, message)
    }

    pub(super) fn from_panic(panic: &(dyn Any + Send)) -> Self {
        let what = panic.downcast_ref::<String>().map(String::as_str);
        let what = what.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Self::new(ErrorCode::Error, format!("the plugin has a defect, please report it: {what}"))
    }

    /// Writes the error to standard error as one line of JSON. There is nobody left to tell when that fails.
    pub(super) fn write(&self) {
        // Text and a map of text: there is no value that JSON cannot write.
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
        let code = match error.kind() {
            CallErrorKind::Invalid => ErrorCode::ValidationError,
            CallErrorKind::AccessDenied => ErrorCode::AccessDenied,
            CallErrorKind::Throttled => ErrorCode::Throttled,
            CallErrorKind::Timeout => ErrorCode::Timeout,
            CallErrorKind::Other => ErrorCode::Error,
        };
        let mut metadata =
            BTreeMap::from([("operation", error.operation.to_owned()), ("region", error.region.clone())]);
        metadata.extend(error.profile.clone().map(|profile| ("awsProfile", profile)));
        if let Failure::Refused { code, request_id, .. } = &error.failure {
            metadata.extend(code.clone().map(|code| ("awsErrorCode", code)));
            metadata.extend(request_id.clone().map(|id| ("requestId", id)));
        }
        Self { metadata, ..Self::new(code, error.to_string()) }
    }
}

impl From<SignError> for PluginError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Call(call) => call.into(),
            refused => Self::new(ErrorCode::Error, refused.to_string()),
        }
    }
}
