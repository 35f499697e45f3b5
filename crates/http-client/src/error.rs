//! Errors of clients, and explanations of those of requests.

use connect::{AuthoritiesError, ProxyError};
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

/// The causes of an error in one line, without the URL.
#[must_use]
pub fn causes(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.dedup();
    let kind = match error {
        e if e.is_timeout() => "timed out",
        e if e.is_connect() => "no connection",
        e if e.is_body() || e.is_decode() => "incomplete answer",
        _ => "the request failed",
    };
    std::iter::once(kind.to_owned()).chain(causes).collect::<Vec<_>>().join(": ")
}
