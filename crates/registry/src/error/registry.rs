//! Errors of the registry client. Each message shows the request and what happened.

use std::fmt;
use std::time::Duration;

use http_client::{AuthoritiesError, HttpClientError, ProxyError, TlsFailure};
use notary::manifest::ManifestError;
use notary::{Advice, Disposition, ReasonCode};
use reqwest::StatusCode;

use super::request_line::RequestLine;
use crate::credentials::CredentialError;

/// The error that a registry describes in its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorAnswer {
    /// The specification's code, such as `MANIFEST_UNKNOWN`.
    pub code: Option<String>,
    /// The human-readable message.
    pub message: Option<String>,
    /// The wait that it asks for.
    pub retry_after: Option<Duration>,
    /// Whether it refuses the request because it came without TLS.
    pub wants_tls: bool,
}

/// Words of messages about who may do what. Other messages, such as about a quota, say by themselves what is wrong.
const ABOUT_ACCESS: [&str; 9] =
    ["access", "denied", "forbidden", "authoriz", "authentic", "permission", "credential", "login", "log in"];
/// Words of messages that no login changes.
const ABOUT_LIMITS: [&str; 5] = ["quota", "limit", "exceed", "storage", "firewall"];

impl ErrorAnswer {
    /// Whether its message, if it has one, says no more than that access is denied.
    fn is_about_access(&self) -> bool {
        let Some(message) = &self.message else { return true };
        let message = message.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
        has(&ABOUT_ACCESS) && !has(&ABOUT_LIMITS)
    }

    /// Whether the registry refused the request because of its content, as it would again: distribution-spec, "Error
    /// Codes".
    fn is_about_content(&self) -> bool {
        matches!(
            self.code.as_deref(),
            Some("MANIFEST_INVALID" | "MANIFEST_UNVERIFIED" | "NAME_INVALID" | "TAG_INVALID" | "UNSUPPORTED")
        )
    }
}

impl fmt::Display for ErrorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.code {
            write!(f, ": {code}")?;
        }
        // More text follows it.
        if let Some(message) = &self.message {
            write!(f, ": {}", message.strip_suffix('.').unwrap_or(message))?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, " (retry after {} s)", wait.as_secs())?;
        }
        Ok(())
    }
}

/// The items of a list of referrers that are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// Referrers of the requested type. The caller chooses the limit.
    Signatures,
    /// Referrers of any type.
    Referrers,
    /// Pages of the list.
    Pages,
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signatures => "referrers of this type",
            Self::Referrers => "referrers",
            Self::Pages => "pages of referrers",
        })
    }
}

/// Why a request to a registry failed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry, or a proxy in front of it, answered with an error status.
    #[error("{request}: {status}{answer}{}", explanation(*status, answer))]
    Status {
        /// The request.
        request: RequestLine,
        /// The status of the answer.
        status: StatusCode,
        /// The error that the answer describes.
        answer: Box<ErrorAnswer>,
    },
    /// Authentication failed.
    #[error("{request}: {why}")]
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
    /// The TLS handshake failed, and would fail again.
    #[error("{request}: {why}{}", hint.as_ref().map(|hint| format!(" (without TLS it answers {hint})")).unwrap_or_default())]
    Tls {
        /// The request.
        request: RequestLine,
        /// The reason.
        why: TlsFailure,
        /// What the server answered to the same request without TLS.
        hint: Option<String>,
    },
    /// The time limit of a request, including retries, passed.
    #[error(
        "{request}: no complete answer within {} s{}",
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
    /// The answer is a redirect that is not followed, or a name resolves to an address that is not used.
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
    #[error("{request}: more than {most} {limited}, the limit")]
    TooMany {
        /// The request that exceeded the limit.
        request: RequestLine,
        /// The limit.
        most: usize,
        /// The limited items.
        limited: Limited,
    },
    /// The registry does not let the referrers index be replaced.
    #[error(
        "{request}: {status}{answer}; the registry refuses to change the referrers index, which lists the signatures: exclude the tags sha256-* from the tags that cannot be changed (immutable)"
    )]
    IndexRefused {
        /// The request.
        request: RequestLine,
        /// The status of the answer.
        status: StatusCode,
        /// The error that the answer describes.
        answer: Box<ErrorAnswer>,
    },
    /// Other writers repeatedly removed our entry from the referrers index.
    #[error(
        "{repository}: other writers of the referrers index {tag} kept removing the entry of {digest} for {} s",
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
    /// The proxy refuses the request until it knows who asks.
    #[error("{request}: the proxy {proxy} requires a user name and password")]
    ProxyLogin {
        /// The request.
        request: RequestLine,
        /// The proxy and the variable that names it.
        proxy: String,
    },
    /// A file with certificates cannot be used, or there are no certificate authorities.
    #[error("{}", authorities(.0))]
    Authorities(AuthoritiesError),
    /// The proxy of the environment cannot be used.
    #[error(transparent)]
    Proxy(ProxyError),
    /// The HTTP client cannot be created.
    #[error("the HTTP client cannot be created: {0}")]
    Client(String),
}

impl RegistryError {
    /// The kind of the failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Status { status, answer, .. } => code_of(*status, answer),
            Self::IndexRefused { .. } => ReasonCode::Exists,
            Self::Unauthorized { .. } => ReasonCode::Credentials,
            Self::Connection { .. } => ReasonCode::Unreachable,
            Self::Timeout { .. } => ReasonCode::Deadline,
            Self::Manifest { source: ManifestError::Kind(_), .. } => ReasonCode::Configuration,
            Self::TooLarge { .. } | Self::Malformed { .. } | Self::Redirect { .. } | Self::Manifest { .. } => {
                ReasonCode::Protocol
            }
            Self::Content { .. } => ReasonCode::WrongContent,
            Self::TooMany { .. } => ReasonCode::TooMany,
            Self::IndexContention { .. } => ReasonCode::Contention,
            Self::Credentials(why) => why.code(),
            Self::Tls { .. } | Self::ProxyLogin { .. } | Self::Authorities(_) | Self::Proxy(_) | Self::Client(_) => {
                ReasonCode::Configuration
            }
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
            Self::Status { answer, .. } if answer.wants_tls => Some(Advice::UseTls),
            Self::Status { status, answer, .. } => match status.as_u16() {
                401 | 403 if answer.is_about_access() => Some(Advice::LogInToRegistry),
                404 => Some(Advice::CheckName),
                429 => Some(Advice::SendFewerRequests),
                _ => None,
            },
            Self::Unauthorized { .. } => Some(Advice::LogInToRegistry),
            Self::Timeout { .. } => Some(Advice::AllowRegistryMoreTime),
            Self::Tls { why: TlsFailure::NotTls, .. } => Some(Advice::AllowPlainHttp),
            Self::Tls { why: TlsFailure::UnknownAuthority, .. } => Some(Advice::TrustRegistryAuthority),
            Self::ProxyLogin { .. }
            | Self::Proxy(_)
            | Self::Authorities(AuthoritiesError::File { .. } | AuthoritiesError::NoAuthority { .. }) => {
                Some(Advice::CorrectSetting)
            }
            Self::TooMany { limited: Limited::Signatures, .. } => Some(Advice::RaiseLimit { what: "signatures" }),
            Self::IndexContention { .. } => Some(Advice::SendFewerRequests),
            Self::Credentials(why) => why.advice(),
            _ => None,
        }
    }

    /// Whether the registry refuses a manifest because it does not find what the manifest refers to: distribution-spec,
    /// "Error Codes".
    pub(crate) fn lacks_parts(&self) -> bool {
        let Self::Status { answer, .. } = self else { return false };
        matches!(answer.code.as_deref(), Some("DIGEST_INVALID" | "MANIFEST_BLOB_UNKNOWN" | "BLOB_UNKNOWN"))
    }

    /// Whether the registry answered that the content does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.code() == ReasonCode::NotFound
    }
}

/// What a status means. The caller of a request handles those that its operation expects.
fn code_of(status: StatusCode, answer: &ErrorAnswer) -> ReasonCode {
    match status.as_u16() {
        _ if answer.wants_tls => ReasonCode::Configuration,
        // The registry, or a proxy before it, refuses the request for its content or size, or lacks the operation.
        405 | 413 | 415 | 501 => ReasonCode::Configuration,
        404 => ReasonCode::NotFound,
        401 | 403 => ReasonCode::Denied,
        // Something is there that cannot be replaced, such as an immutable tag.
        409 | 412 => ReasonCode::Exists,
        408 | 500.. => ReasonCode::Unreachable,
        429 => ReasonCode::Throttled,
        _ if answer.is_about_content() => ReasonCode::Configuration,
        // Not the answer of a registry to such a request: the host may not be one.
        _ => ReasonCode::Protocol,
    }
}

impl From<HttpClientError> for RegistryError {
    fn from(error: HttpClientError) -> Self {
        match error {
            HttpClientError::Authorities(why) => Self::Authorities(why),
            HttpClientError::Proxy(why) => Self::Proxy(why),
            HttpClientError::Client(why) => Self::Client(why),
        }
    }
}

/// The system's certificates are read without errors, so a file is one that the caller named.
fn authorities(why: &AuthoritiesError) -> String {
    match why {
        AuthoritiesError::File { .. } => format!("the file with certificates to trust, {why}"),
        why => why.to_string(),
    }
}

/// What a status means in a registry, where its name does not say so.
fn explanation(status: StatusCode, answer: &ErrorAnswer) -> &'static str {
    match status.as_u16() {
        401 | 403 if answer.is_about_access() => "; the repository is private, or needs other permissions",
        405 | 501 => "; the registry does not support this part of the distribution specification",
        413 => "; ask the registry's administrator for a higher limit",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use reqwest::{Method, Url};

    use super::*;

    #[test]
    fn hides_secrets_of_a_request() {
        let url = "https://user:hunter2@h.example:5000/v2/a/blobs/x?X-Amz-Signature=hunter2&digest=sha256:00&token=hunter2#hunter2";
        let shown = RequestLine::new(&Method::PUT, &Url::parse(url).unwrap()).to_string();
        assert_eq!(shown, "PUT https://h.example:5000/v2/a/blobs/x?X-Amz-Signature=…&digest=sha256:00&token=…");
    }

    fn answer(code: Option<&str>, message: Option<&str>) -> ErrorAnswer {
        let text = |text: &str| text.to_owned();
        ErrorAnswer { code: code.map(text), message: message.map(text), retry_after: None, wants_tls: false }
    }

    #[test]
    fn classifies_statuses() {
        for (status, code, expected) in [
            (404, None, ReasonCode::NotFound),
            (401, None, ReasonCode::Denied),
            (403, None, ReasonCode::Denied),
            (408, None, ReasonCode::Unreachable),
            (429, None, ReasonCode::Throttled),
            (500, None, ReasonCode::Unreachable),
            (500, Some("UNSUPPORTED"), ReasonCode::Unreachable),
            (501, None, ReasonCode::Configuration),
            (503, None, ReasonCode::Unreachable),
            (400, None, ReasonCode::Protocol),
            (400, Some("MANIFEST_INVALID"), ReasonCode::Configuration),
            (400, Some("TAG_INVALID"), ReasonCode::Configuration),
            (422, Some("NAME_INVALID"), ReasonCode::Configuration),
            // The parts may appear later.
            (400, Some("MANIFEST_BLOB_UNKNOWN"), ReasonCode::Protocol),
            (405, None, ReasonCode::Configuration),
            (413, None, ReasonCode::Configuration),
            (415, None, ReasonCode::Configuration),
            (409, None, ReasonCode::Exists),
            (412, None, ReasonCode::Exists),
            (404, Some("NAME_INVALID"), ReasonCode::NotFound),
            (403, Some("UNSUPPORTED"), ReasonCode::Denied),
        ] {
            let found = code_of(StatusCode::from_u16(status).unwrap(), &answer(code, None));
            assert_eq!(found, expected, "{status} {code:?}");
        }
        let wants_tls = ErrorAnswer { wants_tls: true, ..answer(None, None) };
        assert_eq!(code_of(StatusCode::BAD_REQUEST, &wants_tls), ReasonCode::Configuration);
    }

    #[test]
    fn advises_a_login_only_where_it_can_help() {
        for (message, helps) in [
            (None, true),
            (Some("requested access to the resource is denied"), true),
            (Some("authentication required"), true),
            (Some("User: arn:aws:iam::111122223333:user/a is not authorized to perform: ecr:BatchGetImage"), true),
            (Some("expected the JSON of a registry, got text/html: 403 Forbidden"), true),
            (Some("quota exceeded"), false),
            (Some("denied: the project has exceeded its storage limit"), false),
            (Some("the repository is archived"), false),
        ] {
            for status in [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN] {
                let request = RequestLine::new(&Method::GET, &Url::parse("https://h.example/").unwrap());
                let answer = Box::new(answer(Some("DENIED"), message));
                let error = RegistryError::Status { request, status, answer };
                assert_eq!(error.advice(), helps.then_some(Advice::LogInToRegistry), "{message:?}");
                assert_eq!(error.to_string().contains("the repository is private"), helps, "{message:?}");
            }
        }
    }

    #[test]
    fn a_sentence_of_the_registry_may_continue() {
        let shown = ErrorAnswer { retry_after: Some(Duration::from_secs(7)), ..answer(Some("A"), Some("It is so.")) };
        assert_eq!(shown.to_string(), ": A: It is so (retry after 7 s)");
    }
}
