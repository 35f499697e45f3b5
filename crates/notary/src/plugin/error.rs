//! The errors that a plugin reports.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::json::{JsonError, parse_object};
use crate::text::printable;

/// The code of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// A code that the protocol does not define.
    Other(String),
}

impl ErrorCode {
    /// Returns the code with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let known = [
            Self::ValidationError,
            Self::UnsupportedContractVersion,
            Self::AccessDenied,
            Self::Timeout,
            Self::Throttled,
            Self::Error,
        ];
        known.into_iter().find(|code| code.as_str() == name).unwrap_or_else(|| Self::Other(name.to_owned()))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::ValidationError => "VALIDATION_ERROR",
            Self::UnsupportedContractVersion => "UNSUPPORTED_CONTRACT_VERSION",
            Self::AccessDenied => "ACCESS_DENIED",
            Self::Timeout => "TIMEOUT",
            Self::Throttled => "THROTTLED",
            Self::Error => "ERROR",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An error as a plugin writes it to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorResponse {
    /// The code.
    #[serde(rename = "errorCode")]
    pub code: ErrorCode,
    /// What happened and what to do. It may be empty.
    #[serde(rename = "errorMessage")]
    pub message: String,
    /// Details for programs.
    #[serde(rename = "errorMetadata", skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl ErrorResponse {
    /// Creates an error without details. The message may contain values from outside, so it is sanitized.
    #[must_use]
    pub fn new(code: ErrorCode, message: &str) -> Self {
        Self { code, message: printable(message), metadata: BTreeMap::new() }
    }

    /// Parses an error from a plugin. The details are not read.
    ///
    /// # Errors
    /// Returns [`JsonError`] if the input is not a JSON object with an error code, or the message is not a string.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let mut error = parse_object("error", bytes)?;
        let code = ErrorCode::from_name(&error.string("errorCode")?);
        let message = error.optional_string("errorMessage")?.unwrap_or_default();
        Ok(Self { code, message, metadata: BTreeMap::new() })
    }
}
