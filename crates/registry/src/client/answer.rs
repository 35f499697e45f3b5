//! Answers of a registry, read completely within a size limit, and the errors that they report: distribution-spec,
//! "Error Codes".

use std::time::{Duration, SystemTime};

use notary::text::printable;
use notary::{Digest, json};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::content::Content;
use crate::error::{ErrorAnswer, RegistryError, RequestLine};

/// The header with the digest of the content.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const SHOWN: usize = 300;

/// An answer with its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) request: RequestLine,
    /// The URL of the answer, after redirects.
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Content,
    /// The unread body, if the call asked for a stream.
    pub(crate) rest: Option<reqwest::Response>,
}

impl Answer {
    /// The header's value, if it is visible ASCII text.
    pub(crate) fn header(&self, name: impl reqwest::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The media type of the body, without parameters.
    pub(crate) fn media_type(&self) -> Option<&str> {
        let value = self.header(CONTENT_TYPE)?;
        Some(value.split(';').next().unwrap_or(value).trim()).filter(|media_type| !media_type.is_empty())
    }

    /// Returns this answer if its status is one of `expected`, otherwise the answer as an error.
    pub(crate) fn with_status(self, expected: &[u16]) -> Result<Self, RegistryError> {
        if expected.contains(&self.status.as_u16()) { Ok(self) } else { Err(self.into_error()) }
    }

    pub(crate) fn into_error(self) -> RegistryError {
        let answer = Box::new(self.error_answer());
        RegistryError::Status { request: self.request, status: self.status, answer }
    }

    /// The wait that the header `Retry-After` asks for.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let value = self.header(RETRY_AFTER)?.trim();
        if let Ok(seconds) = value.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let date = OffsetDateTime::parse(value, &Rfc2822).ok()?;
        Some(SystemTime::from(date).duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// The error that the body describes.
    pub(super) fn error_answer(&self) -> ErrorAnswer {
        let nothing = ErrorAnswer { code: None, message: None, retry_after: self.retry_after() };
        if self.body.is_empty() {
            return nothing;
        }
        let Ok(mut body) = json::parse_object("answer", &self.body) else {
            let kind = self.media_type().map_or_else(|| "unknown content".to_owned(), shown);
            let message = match kind.as_str() {
                "text/plain" => shown(String::from_utf8_lossy(&self.body).trim()),
                "text/html" => match title(&String::from_utf8_lossy(&self.body)) {
                    Some(title) => format!("expected the JSON of a registry, got {kind}: {title}"),
                    None => format!("expected the JSON of a registry, got {kind}"),
                },
                _ => format!("expected the JSON of a registry, got {kind}"),
            };
            let message = Some(message);
            return ErrorAnswer { message, ..nothing };
        };
        let first = body.take("errors").and_then(|errors| errors.get(0).cloned()).unwrap_or_default();
        let text = |name: &str| first.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(shown);
        // Token services use `details` or `error_description` (OAuth 2).
        let other = ["error_description", "details", "message", "error"];
        let alone = other.iter().find_map(|name| body.optional_string(name).ok().flatten().map(|text| shown(&text)));
        ErrorAnswer { code: text("code"), message: text("message").or(alone), ..nothing }
    }

    /// The digest in the header `Docker-Content-Digest`.
    pub(crate) fn content_digest(&self) -> Result<Option<Digest>, RegistryError> {
        let Some(value) = self.header(&CONTENT_DIGEST) else { return Ok(None) };
        value.trim().parse().map(Some).map_err(|why| self.malformed(format!("the header Docker-Content-Digest: {why}")))
    }

    pub(crate) fn malformed(&self, why: impl Into<String>) -> RegistryError {
        RegistryError::Malformed { request: self.request.clone(), why: why.into() }
    }

    pub(crate) fn content(&self, why: impl Into<String>) -> RegistryError {
        RegistryError::Content { request: self.request.clone(), why: why.into() }
    }
}

/// The title of a web page.
fn title(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("<title>")?;
    let (title, _) = rest.split_once("</title>")?;
    Some(shown(title.trim())).filter(|title| !title.is_empty())
}

/// A text of the registry, printable and shortened for an error line.
fn shown(text: &str) -> String {
    printable(text).chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use reqwest::Method;

    use super::*;

    fn answer(retry_after: &str, body: &str) -> Answer {
        let url = Url::parse("https://h.example/").unwrap();
        let headers = HeaderMap::from_iter([(RETRY_AFTER, retry_after.parse().unwrap())]);
        let request = RequestLine::new(&Method::GET, &url);
        Answer {
            request,
            url,
            status: StatusCode::FORBIDDEN,
            headers,
            body: body.as_bytes().to_vec().into(),
            rest: None,
        }
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date() {
        assert_eq!(answer("7", "").retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(answer("Wed, 21 Oct 2015 07:28:00 GMT", "").retry_after(), Some(Duration::ZERO));
        let future = answer("Wed, 21 Oct 2201 07:28:00 GMT", "").retry_after().unwrap();
        assert!(future > Duration::from_secs(1_000_000_000));
        // In UTC, this is in the year 10000.
        assert!(answer("Fri, 31 Dec 9999 23:59:59 -2359", "").retry_after().is_some_and(|wait| wait > future));
        assert_eq!(answer("soon", "").retry_after(), None);
    }

    #[test]
    fn shows_the_words_of_other_servers() {
        for (media_type, body, shown) in [
            (
                "text/plain; charset=utf-8",
                "Client sent an HTTP request\u{1b}[2J\n",
                ": Client sent an HTTP request [2J",
            ),
            (
                "text/html",
                "<html><title> 400 sent to HTTPS port</title>",
                ": expected the JSON of a registry, got text/html: 400 sent to HTTPS port",
            ),
            ("text/html", "<html>", ": expected the JSON of a registry, got text/html"),
        ] {
            let mut answer = answer("x", body);
            answer.headers.insert(CONTENT_TYPE, media_type.parse().unwrap());
            assert_eq!(answer.error_answer().to_string(), shown, "{body}");
        }
    }

    #[test]
    fn shows_the_registrys_message_without_control_characters() {
        for (body, shown) in [
            (r#"{"errors":[{"code":"DENIED","message":"no\u001b[31m access\u202e"}]}"#, ": DENIED: no [31m access "),
            (r#"{"errors":[]}"#, ""),
            (r#"{"error":"invalid_grant","error_description":"expired"}"#, ": expired"),
            ("<html>", ": expected the JSON of a registry, got unknown content"),
        ] {
            assert_eq!(answer("x", body).error_answer().to_string(), shown, "{body}");
        }
    }
}
