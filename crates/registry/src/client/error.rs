//! What can go wrong between this client and a registry, told so that the request, the answer and the remedy are known.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http_client::HttpClientError;
use notary::manifest::ManifestError;
use notary::text::is_unprintable;
use reqwest::{Method, StatusCode, Url};

use super::answer::ErrorAnswer;
use crate::credentials::CredentialError;

/// A request as errors show it: the method and the URL without user, password and any parameter that could be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestLine(String);

/// Parameters that are part of the distribution and token specifications, and are no secrets.
const SHOWN: [&str; 9] = ["artifactType", "digest", "from", "last", "mount", "n", "ns", "scope", "service"];

impl RequestLine {
    pub(super) fn new(method: &Method, url: &Url) -> Self {
        let mut shown = url.clone();
        // Both fail only for URLs that cannot have a user, and these have none.
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

/// Why a registry did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry, or something in front of it, refused.
    #[error("{request}: {status}{answer}{}", advice(*status))]
    Status {
        /// The request.
        request: RequestLine,
        /// The status of the answer.
        status: StatusCode,
        /// What the answer says.
        answer: Box<ErrorAnswer>,
    },
    /// The registry does not accept who we are, or there is no way to tell it.
    #[error(
        "{request}: {why}; log in to the registry (docker login, podman login), or give a user name and a password"
    )]
    Unauthorized {
        /// The request.
        request: RequestLine,
        /// What the registry says or lacks.
        why: String,
    },
    /// No answer, or not the whole of one.
    #[error("{request}: {why}; check the registry's name, the network and the proxy settings, and try again")]
    Connection {
        /// The request.
        request: RequestLine,
        /// What happened to the connection.
        why: String,
    },
    /// Something answers, and not with TLS.
    #[error(
        "{request}: what answers there does not speak TLS; check the name and the port, or give --plain-http if the registry is meant to be spoken to without"
    )]
    NotTls {
        /// The request.
        request: RequestLine,
    },
    /// The time for a request and its repetitions is over.
    #[error("{request}: no complete answer within {} s{}; try again, or allow more time", within.as_secs_f32(), last.as_ref().map(|last| format!(" ({last})")).unwrap_or_default())]
    Timeout {
        /// The request.
        request: RequestLine,
        /// The time that it had.
        within: Duration,
        /// Why the last attempt that ended did not succeed.
        last: Option<String>,
    },
    /// The answer is larger than such content may be.
    #[error("{request}: the answer has more than {limit} bytes, the most that is read of it")]
    TooLarge {
        /// The request.
        request: RequestLine,
        /// The limit in bytes.
        limit: u64,
    },
    /// Content is not what its digest or its descriptor says: altered, or the registry is broken.
    #[error("{request}: the content is not what was asked for: {why}; do not use it")]
    Content {
        /// The request.
        request: RequestLine,
        /// What differs.
        why: String,
    },
    /// The answer is not what the distribution specification has at this place.
    #[error("{request}: {why}; check that this is the API of a registry")]
    Malformed {
        /// The request.
        request: RequestLine,
        /// What is wrong with it.
        why: String,
    },
    /// The answer sends us elsewhere in a way that is not followed.
    #[error("{request}: {why}")]
    Redirect {
        /// The request.
        request: RequestLine,
        /// Where to, and why it is not followed.
        why: String,
    },
    /// A manifest cannot be understood.
    #[error("{request}: {source}")]
    Manifest {
        /// The request.
        request: RequestLine,
        /// What is wrong.
        source: ManifestError,
    },
    /// More referrers than are looked at.
    #[error("{request}: more than {most} {what}; the rest is not looked at, and nothing is decided without it")]
    TooMany {
        /// The request for one page too many.
        request: RequestLine,
        /// How many are read.
        most: usize,
        /// Of what.
        what: &'static str,
    },
    /// Other writers took our entry out of the index of referrers, again and again.
    #[error("{repository}: the entry of {digest} in the index {tag} did not stay there within {} s: other writers of this index overwrite each other; try again", within.as_secs_f32())]
    IndexContention {
        /// The repository.
        repository: String,
        /// The index's tag.
        tag: String,
        /// The manifest that was to be listed; it is in the repository.
        digest: String,
        /// How long it was tried.
        within: Duration,
    },
    /// Credentials that are configured cannot be had.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// A file with certificates cannot be used.
    #[error("{path}: {why}: expected the certificates of an authority, PEM", path = path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
}

/// What a failure means to whoever decides by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The registry says that there is no such thing.
    NotFound,
    /// The registry does not let us.
    Denied,
    /// It could not be found out; later it may.
    Unavailable,
    /// What the registry has is not what it must be.
    Wrong,
    /// Something on this side is not set up right.
    Configuration,
}

impl RegistryError {
    /// What this failure means.
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

    /// Whether the registry says that there is no such thing.
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
        401 | 403 => "; check that you are logged in to this registry and may do this in this repository",
        404 => "; check the name, and that you may see it: many registries say so of what is private",
        405 | 501 => "; this registry does not have this part of the distribution specification",
        413 => "; ask the registry's administrator for a higher limit",
        429 => "; too many requests: try again later, or with fewer at once",
        500.. => "; the registry is in trouble: try again later",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_request_is_shown_without_user_password_and_signatures() {
        let url = "https://user:hunter2@h.example:5000/v2/a/blobs/x?X-Amz-Signature=hunter2&digest=sha256:00&token=hunter2#hunter2";
        let shown = RequestLine::new(&Method::PUT, &Url::parse(url).unwrap()).to_string();
        assert_eq!(shown, "PUT https://h.example:5000/v2/a/blobs/x?X-Amz-Signature=…&digest=sha256:00&token=…");
    }

    #[test]
    fn what_may_succeed_later_is_told_from_what_is_wrong() {
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
