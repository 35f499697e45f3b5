//! Who calls, and whether that user may.

use std::fmt;
use std::sync::Arc;

use limits::Deadline;
use notation::revocation::BoxFuture;

/// Whether and how the tokens of callers are reviewed.
#[derive(Debug, Clone, Default)]
pub enum TokenReview {
    /// It is not known, so no caller is served.
    #[default]
    Missing,
    /// They are not: all callers are served.
    Off,
    /// By this service.
    On(Arc<dyn ReviewTokens>),
}

/// Finds out who a token belongs to, and whether that user may call.
pub trait ReviewTokens: fmt::Debug + Send + Sync {
    /// The name of the user.
    fn review<'a>(&'a self, token: &'a str, deadline: Deadline) -> BoxFuture<'a, Result<String, TokenError>>;
}

/// Why a caller is not served. The texts contain no part of the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token belongs to no user, or is for another service.
    #[error("the token is not valid for this service")]
    Invalid,
    /// The user may not call.
    #[error("the user {0} may not call this service; kyverno.allowedUsers of its configuration names those who may")]
    NotAllowed(String),
    /// It cannot be found out now.
    #[error("the token cannot be reviewed: {0}")]
    Unavailable(String),
}
