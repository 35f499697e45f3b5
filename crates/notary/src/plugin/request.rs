//! What requests have in common, and how a request can be wrong.

use std::collections::BTreeMap;

use base64::DecodeError;
use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{CONTRACT_VERSION, ErrorCode};
use crate::json::{JsonError, Object, parse_object};

/// A request that does not conform to the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is not a JSON object, or a member is missing or has the wrong type.
    #[error("the request is not valid: {0}")]
    Json(#[from] JsonError),
    /// It has another version of the protocol.
    #[error("the plugin contract version {0:?} is not supported, only {CONTRACT_VERSION:?} is supported")]
    ContractVersion(String),
    /// A member is not base64.
    #[error("{path} is not base64: {why}")]
    Base64 {
        /// The path of the member.
        path: String,
        /// What is wrong.
        why: DecodeError,
    },
    /// A member is not a time.
    #[error("{path} is {value:?}, not an RFC 3339 time")]
    Time {
        /// The path of the member.
        path: String,
        /// The value.
        value: String,
    },
    /// A requested check is not one that the protocol defines.
    #[error("{path} has {name:?}, which a plugin cannot check")]
    Check {
        /// The path of the member.
        path: String,
        /// The name of the check.
        name: String,
    },
}

impl RequestError {
    /// Returns the protocol's code for this error.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::ContractVersion(_) => ErrorCode::UnsupportedContractVersion,
            _ => ErrorCode::ValidationError,
        }
    }
}

/// Parses a request and checks its version of the protocol.
pub(super) fn parse(bytes: &[u8]) -> Result<Object, RequestError> {
    let mut request = parse_object("request", bytes)?;
    let version = request.string("contractVersion")?;
    match version == CONTRACT_VERSION {
        true => Ok(request),
        false => Err(RequestError::ContractVersion(version)),
    }
}

pub(super) fn plugin_config(request: &mut Object) -> Result<BTreeMap<String, String>, RequestError> {
    Ok(request.optional_object("pluginConfig")?.map_or(Ok(BTreeMap::new()), Object::into_strings)?)
}

pub(super) fn base64(path: String, text: &str) -> Result<Vec<u8>, RequestError> {
    STANDARD.decode(text).map_err(|why| RequestError::Base64 { path, why })
}
