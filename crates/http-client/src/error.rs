//! Errors of clients, and explanations of those of requests.

use connect::{AuthoritiesError, ProxyError};
use notary::text::innermost_cause;
use notary::{Advice, Disposition, ReasonCode};

/// Why a client cannot be created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpClientError {
    /// A file with certificates cannot be used, or there are no certificate authorities.
    #[error(transparent)]
    Authorities(AuthoritiesError),
    /// The proxy cannot be used.
    #[error(transparent)]
    Proxy(ProxyError),
    /// The client cannot be created.
    #[error("{0}")]
    Client(String),
}

impl HttpClientError {
    /// The kind of the failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Authorities(_) | Self::Proxy(_) | Self::Client(_) => ReasonCode::Configuration,
        }
    }

    /// What the failure means for the caller.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code().disposition()
    }

    /// What to do about it, if the error does not say so already.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Authorities(AuthoritiesError::File { .. } | AuthoritiesError::NoAuthority { .. })
            | Self::Proxy(_) => Some(Advice::CorrectSetting),
            Self::Authorities(AuthoritiesError::NoneInstalled { .. }) | Self::Client(_) => None,
        }
    }
}

/// What kind of failure an error is, and its innermost cause, without the URL.
#[must_use]
pub fn causes(error: &reqwest::Error) -> String {
    let kind = match error {
        e if e.is_timeout() => return "timed out".to_owned(),
        e if e.is_connect() => "no connection",
        e if e.is_body() || e.is_decode() => "incomplete answer",
        _ => "the request failed",
    };
    match std::error::Error::source(error) {
        Some(source) => format!("{kind}: {}", innermost_cause(source)),
        None => kind.to_owned(),
    }
}
