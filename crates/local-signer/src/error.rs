//! The errors of the AWS Signer API with their codes and HTTP statuses ("Common Errors" and the operations' errors in
//! the AWS Signer API Reference).

use aws_names::ArnError;

use crate::auth::AuthError;
use crate::ca::CaError;
use crate::store::StoreError;

/// The error of a request. The caller receives the text as the message.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A parameter is missing, malformed, or does not fit the state of the resource it names.
    #[error("{0}")]
    Validation(String),
    /// The body is not valid JSON for the operation.
    #[error("{0}")]
    Serialization(String),
    /// The caller lacks the permission.
    #[error("{0}")]
    AccessDenied(String),
    /// The resource does not exist.
    #[error("{0}")]
    ResourceNotFound(String),
    /// The path and method match no operation.
    #[error("unknown operation {0}: the local signer does not implement it")]
    UnknownOperation(String),
    /// The URL or the body of the request is too long.
    #[error("{0}")]
    TooLarge(&'static str),
    /// The body did not arrive in time.
    #[error("the request did not arrive in time")]
    Timeout,
    /// The caller is not authenticated.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The store failed. The cause goes to the log, not to the caller.
    #[error("An internal error occurred.")]
    Store(#[from] StoreError),
    /// The certificate authority failed. The cause goes to the log, not to the caller.
    #[error("An internal error occurred.")]
    Ca(#[from] CaError),
    /// An unexpected failure. The cause goes to the log, not to the caller.
    #[error("An internal error occurred.")]
    Internal(String),
}

impl ApiError {
    /// The AWS error code and its HTTP status.
    #[must_use]
    pub fn code_and_status(&self) -> (&'static str, u16) {
        match self {
            Self::Validation(_) => ("ValidationException", 400),
            Self::Serialization(_) => ("SerializationException", 400),
            Self::AccessDenied(_) => ("AccessDeniedException", 403),
            Self::ResourceNotFound(_) => ("ResourceNotFoundException", 404),
            Self::UnknownOperation(_) => ("UnknownOperationException", 404),
            Self::TooLarge(_) => ("RequestEntityTooLargeException", 413),
            Self::Timeout => ("RequestTimeoutException", 408),
            Self::Auth(error) => match error {
                AuthError::MissingAuthenticationToken => ("MissingAuthenticationTokenException", 403),
                AuthError::IncompleteSignature(_) => ("IncompleteSignatureException", 400),
                AuthError::UnrecognizedClient => ("UnrecognizedClientException", 403),
                AuthError::Scope(_) | AuthError::Date(_) | AuthError::Mismatch => ("InvalidSignatureException", 403),
            },
            Self::Store(_) | Self::Ca(_) | Self::Internal(_) => ("InternalServiceErrorException", 500),
        }
    }

    /// The cause of an internal error, for the operator's log and not for the caller.
    #[must_use]
    pub fn internal_cause(&self) -> Option<String> {
        match self {
            Self::Store(error) => Some(error.to_string()),
            Self::Ca(error) => Some(error.to_string()),
            Self::Internal(cause) => Some(cause.clone()),
            _ => None,
        }
    }
}

impl From<ArnError> for ApiError {
    fn from(error: ArnError) -> Self {
        Self::Validation(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authentication_errors_have_the_codes_of_aws() {
        for (error, code, status) in [
            (AuthError::MissingAuthenticationToken, "MissingAuthenticationTokenException", 403),
            (AuthError::IncompleteSignature(String::new()), "IncompleteSignatureException", 400),
            (AuthError::UnrecognizedClient, "UnrecognizedClientException", 403),
            (AuthError::Scope(String::new()), "InvalidSignatureException", 403),
            (AuthError::Date(String::new()), "InvalidSignatureException", 403),
            (AuthError::Mismatch, "InvalidSignatureException", 403),
        ] {
            assert_eq!(ApiError::from(error).code_and_status(), (code, status));
        }
    }

    #[test]
    fn internal_errors_hide_their_cause() {
        let error = ApiError::Internal("disk on fire".to_owned());
        assert!(!error.to_string().contains("fire"));
        assert_eq!(error.internal_cause().as_deref(), Some("disk on fire"));
    }
}
