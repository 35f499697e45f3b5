//! The errors of the AWS Signer API with their codes and HTTP statuses ("Common Errors" and the operations' errors in
//! the AWS Signer API Reference).

use std::fmt;

use aws_names::ArnError;

use crate::auth::AuthError;
use crate::ca::CaError;
use crate::faults::InjectedError;
use crate::iam::AccessDenied;
use crate::quotas::Throttled;
use crate::store::StoreError;

/// An error code of the API's model, or one that all AWS services share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The caller may not do this.
    AccessDenied,
    /// A parameter of a tagging operation is invalid.
    BadRequest,
    /// The resource is in a conflicting state.
    Conflict,
    /// A credential or signature of the request is not as it must be; the texts differ, so the codes do, too.
    Authentication(&'static str),
    /// The service failed.
    InternalServiceError,
    /// The resource of a tagging operation does not exist.
    NotFound,
    /// The resource does not exist.
    ResourceNotFound,
    /// The body is not valid JSON for the operation.
    Serialization,
    /// A limit of the resource is reached.
    ServiceLimitExceeded,
    /// The deprecated form of [`ErrorCode::TooManyRequests`].
    Throttling,
    /// The quota of the account is used up.
    TooManyRequests,
    /// The path and method match no operation.
    UnknownOperation,
    /// The URL or the body is too long.
    RequestEntityTooLarge,
    /// The request did not arrive in time.
    RequestTimeout,
    /// A parameter is invalid.
    Validation,
    /// A fault on purpose, with any code.
    Injected(InjectedError),
    /// Nothing is answered, on purpose.
    Cut,
}

impl ErrorCode {
    /// The name, as in the header `x-amzn-ErrorType`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDeniedException",
            Self::BadRequest => "BadRequestException",
            Self::Conflict => "ConflictException",
            Self::Authentication(name) => name,
            Self::InternalServiceError => "InternalServiceErrorException",
            Self::NotFound => "NotFoundException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::ServiceLimitExceeded => "ServiceLimitExceededException",
            Self::Throttling => "ThrottlingException",
            Self::TooManyRequests => "TooManyRequestsException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::RequestEntityTooLarge => "RequestEntityTooLargeException",
            Self::RequestTimeout => "RequestTimeoutException",
            Self::Validation => "ValidationException",
            Self::Injected(error) => error.code,
            Self::Cut => "cut",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::Serialization | Self::Validation => 400,
            Self::Authentication("IncompleteSignatureException") => 400,
            Self::ServiceLimitExceeded => 402,
            Self::AccessDenied | Self::Authentication(_) => 403,
            Self::NotFound | Self::ResourceNotFound | Self::UnknownOperation => 404,
            Self::RequestTimeout => 408,
            Self::Conflict => 409,
            Self::RequestEntityTooLarge => 413,
            Self::Throttling | Self::TooManyRequests => 429,
            Self::InternalServiceError | Self::Cut => 500,
            Self::Injected(error) => error.status,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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
    /// The policies of the caller, or the permissions of the signing profile, do not allow the request.
    #[error(transparent)]
    NotAuthorized(#[from] AccessDenied),
    /// The resource does not exist.
    #[error("{0}")]
    ResourceNotFound(String),
    /// A parameter of a tagging operation is invalid.
    #[error("{0}")]
    BadRequest(String),
    /// The resource of a tagging operation does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The resource is in a conflicting state.
    #[error("{0}")]
    Conflict(String),
    /// A limit of the resource is reached.
    #[error("{0}")]
    ServiceLimitExceeded(String),
    /// An error with the `code` that AWS answers beside the message, such as `ProfileAlreadyExists`.
    #[error("{0}")]
    Detailed(Box<Self>, &'static str),
    /// The quota of the account is used up.
    #[error("{1}")]
    Throttled(ErrorCode, String),
    /// A fault on purpose.
    #[error("{}", .0.message)]
    Injected(InjectedError),
    /// The connection is cut on purpose, and nothing is answered.
    #[error("the connection is closed")]
    Cut,
    /// The path and method match no operation.
    #[error("unknown operation {0}: AWS Signer has none with this method and path")]
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
    /// The AWS error code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Validation(_) => ErrorCode::Validation,
            Self::Serialization(_) => ErrorCode::Serialization,
            Self::AccessDenied(_) | Self::NotAuthorized(_) => ErrorCode::AccessDenied,
            Self::ResourceNotFound(_) => ErrorCode::ResourceNotFound,
            Self::BadRequest(_) => ErrorCode::BadRequest,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::ServiceLimitExceeded(_) => ErrorCode::ServiceLimitExceeded,
            Self::Detailed(error, _) => error.code(),
            Self::Throttled(code, _) => *code,
            Self::Injected(error) => ErrorCode::Injected(*error),
            Self::Cut => ErrorCode::Cut,
            Self::UnknownOperation(_) => ErrorCode::UnknownOperation,
            Self::TooLarge(_) => ErrorCode::RequestEntityTooLarge,
            Self::Timeout => ErrorCode::RequestTimeout,
            Self::Auth(error) => ErrorCode::Authentication(match error {
                AuthError::MissingAuthenticationToken => "MissingAuthenticationTokenException",
                AuthError::IncompleteSignature(_) => "IncompleteSignatureException",
                AuthError::UnrecognizedClient => "UnrecognizedClientException",
                AuthError::ExpiredToken => "ExpiredTokenException",
                AuthError::Scope(_) | AuthError::Date(_) | AuthError::Mismatch => "InvalidSignatureException",
            }),
            Self::Store(_) | Self::Ca(_) | Self::Internal(_) => ErrorCode::InternalServiceError,
        }
    }

    /// The same error with the `code` that AWS answers beside the message.
    #[must_use]
    pub fn with_detail(self, code: &'static str) -> Self {
        Self::Detailed(Box::new(self), code)
    }

    /// The `code` beside the message, where AWS's is known.
    #[must_use]
    pub fn detail(&self) -> Option<&'static str> {
        match self {
            Self::Detailed(_, code) => Some(code),
            _ => None,
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

impl From<Throttled> for ApiError {
    fn from(throttled: Throttled) -> Self {
        Self::Throttled(ErrorCode::TooManyRequests, throttled.to_string())
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
            (AuthError::ExpiredToken, "ExpiredTokenException", 403),
            (AuthError::Scope(String::new()), "InvalidSignatureException", 403),
            (AuthError::Date(String::new()), "InvalidSignatureException", 403),
            (AuthError::Mismatch, "InvalidSignatureException", 403),
        ] {
            let found = ApiError::from(error).code();
            assert_eq!((found.name(), found.status()), (code, status));
        }
    }

    #[test]
    fn internal_errors_hide_their_cause() {
        let error = ApiError::Internal("disk on fire".to_owned());
        assert!(!error.to_string().contains("fire"));
        assert_eq!(error.internal_cause().as_deref(), Some("disk on fire"));
    }
}
