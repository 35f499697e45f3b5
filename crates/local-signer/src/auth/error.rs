//! Why a request is not authenticated.

/// Why a request is not authenticated. The texts are AWS's own messages where AWS has one. They contain no secret and
/// no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The request is not signed.
    #[error("Missing Authentication Token")]
    MissingAuthenticationToken,
    /// The named part of the signature is missing or malformed.
    #[error("{0}")]
    IncompleteSignature(String),
    /// The access key is unknown, or its session token is missing or wrong.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// The session is over.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// The signature is for another service or date, or does not cover the required headers.
    #[error("{0}")]
    Scope(String),
    /// The date of the request is too far in the past or the future.
    #[error("{0}")]
    Date(String),
    /// The signature does not match the request and the secret key.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
         and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

pub(super) fn incomplete(message: impl Into<String>) -> AuthError {
    AuthError::IncompleteSignature(message.into())
}
