//! Errors of clients, and explanations of those of requests.

use std::path::PathBuf;

use notary::{Advice, Disposition, ReasonCode};

/// Why a client cannot be created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpClientError {
    /// A file with certificates of certificate authorities cannot be used.
    #[error("{}: {why}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The client cannot be created.
    #[error("{0}")]
    Client(String),
}

impl HttpClientError {
    /// The kind of the failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::CaFile { .. } | Self::Client(_) => ReasonCode::Configuration,
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
            Self::CaFile { .. } => Some(Advice::CorrectSetting),
            Self::Client(_) => None,
        }
    }
}

/// Whether a TLS connection failed because the server did not answer with TLS, but for example with plain HTTP.
#[must_use]
pub fn is_not_tls(error: &reqwest::Error) -> bool {
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)) = cause.downcast_ref() {
            return true;
        }
        // `source()` of an I/O error skips the error that it wraps.
        next = match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    false
}

/// The causes of an error in one line, without the URL, which callers show in the request line.
#[must_use]
pub fn explain(error: &reqwest::Error) -> String {
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
