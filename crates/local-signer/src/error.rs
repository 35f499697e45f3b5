//! The errors of the AWS Signer API: their codes and statuses ("Common Errors" and the operations' errors in the AWS Signer
//! API Reference).

use aws_names::ArnError;

use crate::auth::AuthError;
use crate::ca::CaError;
use crate::store::StoreError;

/// What an operation, or the way to it, answers instead of a result. The text is what the caller reads.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A parameter is missing, malformed, or does not fit the state of what it names.
    #[error("{0}")]
    Validation(String),
    /// The body is not the JSON that the operation expects.
    #[error("{0}")]
    Serialization(String),
    /// The caller may not do this.
    #[error("{0}")]
    AccessDenied(String),
    /// What was named does not exist.
    #[error("{0}")]
    ResourceNotFound(String),
    /// The request's path and method name no operation.
    #[error("no operation of AWS Signer, or none that the local signer has, is {0}")]
    UnknownOperation(String),
    /// The body or the address of the request is longer than the service reads.
    #[error("{0}")]
    TooLarge(&'static str),
    /// The body did not arrive in time.
    #[error("the request did not arrive in time")]
    Timeout,
    /// The caller is not authenticated.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The store failed. The caller does not read why.
    #[error("An internal error occurred.")]
    Store(#[from] StoreError),
    /// The certificate authority failed. The caller does not read why.
    #[error("An internal error occurred.")]
    Ca(#[from] CaError),
    /// Something failed that never should. The caller does not read why.
    #[error("An internal error occurred.")]
    Internal(String),
}

impl ApiError {
    /// AWS's name of the error and the HTTP status that goes with it.
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

    /// What the operator, not the caller, must know: the cause of an internal error.
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
    fn every_fault_of_a_signature_has_the_code_that_aws_gives_it() {
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
    fn the_cause_of_an_internal_error_is_not_for_the_caller() {
        let error = ApiError::Internal("disk on fire".to_owned());
        assert!(!error.to_string().contains("fire"));
        assert_eq!(error.internal_cause().as_deref(), Some("disk on fire"));
    }
}
