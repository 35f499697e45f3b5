//! Errors of the registry client. Each message shows the request, the answer and the remedy.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http_client::HttpClientError;
use notary::manifest::ManifestError;
use notary::text::is_unprintable;
use reqwest::{Method, StatusCode, Url};

use super::answer::ErrorAnswer;
use crate::credentials::CredentialError;

/// A request for error messages: the method and the URL, without user, password and parameters that could be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestLine(String);

/// The parameters of the distribution and token specifications that are not secret.
const SHOWN: [&str; 9] = ["artifactType", "digest", "from", "last", "mount", "n", "ns", "scope", "service"];

impl RequestLine {
    pub(super) fn new(method: &Method, url: &Url) -> Self {
        let mut shown = url.clone();
        // Both fail only for URLs that cannot have a user; nothing needs removing then.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_fragment(None);
        shown.set_query(None);
        let value = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            let clean = |text: &str| text.chars().filter(|c| !is_unprintable(*c)).take(200).collect::<String>();
            let value = if SHOWN.contains(&&*name) { clean(&value) } else { "…".to_owned() };
            format!("{}={value}", clean(&name))
        };
        let query: Vec<String> = url.query_pairs().take(16).map(value).collect();
        let separator = if query.is_empty() { "" } else { "?" };
        let text = format!("{method} {shown}{separator}{}", query.join("&"));
        Self(text.chars().take(1000).collect())
    }
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a request to a registry failed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry, or a proxy in front of it, answered with an error status.
    #[error("{request}: {status}{answer}{}", advice(*status))]
    Status {
        /// The request.
        request: RequestLine,
        /// The status of the answer.
        status: StatusCode,
        /// The error that the answer describes.
        answer: Box<ErrorAnswer>,
    },
    /// Authentication failed.
    #[error("{request}: {why}; log in to the registry (docker login, podman login), or pass a user name and password")]
    Unauthorized {
        /// The request.
        request: RequestLine,
        /// The reason.
        why: String,
    },
    /// The connection failed before a complete answer arrived.
    #[error("{request}: {why}; check the registry's name, the network and the proxy settings")]
    Connection {
        /// The request.
        request: RequestLine,
        /// The reason.
        why: String,
    },
    /// The server did not answer with TLS.
    #[error(
        "{request}: the server did not answer with TLS; check host and port, or pass --plain-http for an HTTP-only registry"
    )]
    NotTls {
        /// The request.
        request: RequestLine,
    },
    /// The time limit of a request, including retries, passed.
    #[error(
        "{request}: no complete answer within {} s{}; try again later",
        within.as_secs_f32(), last.as_ref().map(|last| format!(" ({last})")).unwrap_or_default()
    )]
    Timeout {
        /// The request.
        request: RequestLine,
        /// The time limit.
        within: Duration,
        /// Why the last completed attempt failed.
        last: Option<String>,
    },
    /// The answer exceeds the size limit.
    #[error("{request}: the answer has more than {limit} bytes, the limit")]
    TooLarge {
        /// The request.
        request: RequestLine,
        /// The limit in bytes.
        limit: u64,
    },
    /// Content does not match its digest or descriptor: it was altered, or the registry is defective.
    #[error("{request}: wrong content: {why}; do not use it")]
    Content {
        /// The request.
        request: RequestLine,
        /// The difference.
        why: String,
    },
    /// The answer does not conform to the distribution specification.
    #[error("{request}: {why}; check that the host is a registry")]
    Malformed {
        /// The request.
        request: RequestLine,
        /// What is wrong with it.
        why: String,
    },
    /// The answer is a redirect that is not followed.
    #[error("{request}: {why}")]
    Redirect {
        /// The request.
        request: RequestLine,
        /// Why it is not followed.
        why: String,
    },
    /// A manifest is malformed or unsupported.
    #[error("{request}: {source}")]
    Manifest {
        /// The request.
        request: RequestLine,
        /// What is wrong.
        source: ManifestError,
    },
    /// The list of referrers exceeds a limit. A truncated list is never used.
    #[error("{request}: more than {most} {what}, the limit")]
    TooMany {
        /// The request that exceeded the limit.
        request: RequestLine,
        /// The limit.
        most: usize,
        /// The limited items.
        what: &'static str,
    },
    /// Other writers repeatedly removed our entry from the referrers index.
    #[error(
        "{repository}: other writers of the referrers index {tag} kept removing the entry of {digest} for {} s; try again, or sign from one place at a time",
        within.as_secs_f32()
    )]
    IndexContention {
        /// The repository.
        repository: String,
        /// The index's tag.
        tag: String,
        /// The manifest that is not listed. It is in the repository.
        digest: String,
        /// The time limit.
        within: Duration,
    },
    /// Configured credentials cannot be obtained.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// A file with certificates cannot be used.
    #[error("{path}: {why}; expected PEM certificates of certificate authorities", path = path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The HTTP client cannot be created.
    #[error("the HTTP client cannot be created: {0}")]
    Client(String),
}

/// The kind of a failure, for deciding what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The content does not exist.
    NotFound,
    /// Authentication or authorization failed.
    Denied,
    /// The store is temporarily unavailable: a retry may succeed.
    Unavailable,
    /// The content or the answer is wrong: a retry would not help.
    Wrong,
    /// The local configuration is wrong.
    Configuration,
}

impl RegistryError {
    /// The kind of failure.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Status { status, .. } => match status.as_u16() {
                404 => Failure::NotFound,
                401 | 403 => Failure::Denied,
                408 | 429 | 500.. => Failure::Unavailable,
                _ => Failure::Wrong,
            },
            Self::Unauthorized { .. } => Failure::Denied,
            Self::Connection { .. } | Self::Timeout { .. } | Self::IndexContention { .. } => Failure::Unavailable,
            Self::NotTls { .. } | Self::Credentials(_) | Self::CaFile { .. } | Self::Client(_) => {
                Failure::Configuration
            }
            _ => Failure::Wrong,
        }
    }

    /// Whether the registry answered that the content does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.failure() == Failure::NotFound
    }
}

impl From<HttpClientError> for RegistryError {
    fn from(error: HttpClientError) -> Self {
        match error {
            HttpClientError::CaFile { path, why } => Self::CaFile { path, why },
            HttpClientError::Client(why) => Self::Client(why),
        }
    }
}

fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => "; check that you are logged in to this registry and have permission for this repository",
        404 => "; check the name and your permissions: many registries answer 404 for private repositories",
        405 | 501 => "; the registry does not support this part of the distribution specification",
        413 => "; ask the registry's administrator for a higher limit",
        429 => "; too many requests: try again later, or with fewer in parallel",
        500.. => "; the registry failed: try again later",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn hides_secrets_of_a_request() {
        let url = "https://user:hunter2@h.example:5000/v2/a/blobs/x?X-Amz-Signature=hunter2&digest=sha256:00&token=hunter2#hunter2";
        let shown = RequestLine::new(&Method::PUT, &Url::parse(url).unwrap()).to_string();
        assert_eq!(shown, "PUT https://h.example:5000/v2/a/blobs/x?X-Amz-Signature=…&digest=sha256:00&token=…");
    }

    #[test]
    fn classifies_failures_by_status() {
        let status = |code| {
            let request = RequestLine("GET x".to_owned());
            let answer = Box::new(ErrorAnswer { code: None, message: None, retry_after: None });
            RegistryError::Status { request, status: StatusCode::from_u16(code).unwrap(), answer }.failure()
        };
        let all = [404, 401, 403, 429, 503, 400].map(status);
        use Failure::{Denied, NotFound, Unavailable, Wrong};
        assert_eq!(all, [NotFound, Denied, Denied, Unavailable, Unavailable, Wrong]);
    }
}
