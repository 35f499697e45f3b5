//! The protocol's errors: `plugin-extensibility.md`, "Plugin contract" and the error codes of each command.

use std::any::Any;
use std::io::Write;

use aws_signer::{CallError, ConfigError, Failure, SignError};
use notary::ReasonCode;
use notary::plugin::{ErrorCode, ErrorResponse, RequestError};
use notary::x509::ChainError;

use super::advice;

/// An error in the form that notation expects. Its metadata has `awsErrorCode`, `requestId`, `region`, `awsProfile` and
/// `operation` where they apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.message)]
pub struct PluginError(pub ErrorResponse);

impl PluginError {
    /// Creates an error without metadata. The message may contain values of the request, so it is sanitized.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl AsRef<str>) -> Self {
        Self(ErrorResponse::new(code, message.as_ref()))
    }

    /// Creates an error for a malformed or unsupported request.
    #[must_use]
    pub fn validation(message: impl AsRef<str>) -> Self {
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
        let mut line = serde_json::to_vec(&self.0).unwrap_or_default();
        line.push(b'\n');
        let _ = std::io::stderr().lock().write_all(&line);
    }
}

impl From<RequestError> for PluginError {
    fn from(error: RequestError) -> Self {
        Self::new(error.code(), error.to_string())
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
        let message = advice::append(&error, error.advice().as_ref());
        let mut response = ErrorResponse::new(error_code(error.code()), &message);
        let mut add = |name: &str, value: Option<String>| {
            response.metadata.extend(value.map(|value| (name.to_owned(), value)));
        };
        add("operation", Some(error.operation.to_owned()));
        add("region", Some(error.region.to_string()));
        add("awsProfile", error.profile.clone());
        if let Failure::Refused { code, request_id, .. } = &error.failure {
            add("awsErrorCode", code.clone());
            add("requestId", request_id.clone());
        }
        Self(response)
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
        ReasonCode::Throttled | ReasonCode::Quota => ErrorCode::Throttled,
        ReasonCode::Deadline => ErrorCode::Timeout,
        ReasonCode::NotFound | ReasonCode::Configuration => ErrorCode::ValidationError,
        _ => ErrorCode::Error,
    }
}
