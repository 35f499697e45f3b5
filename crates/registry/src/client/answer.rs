//! Answers of a registry, read completely within a size limit, and the errors that they report: distribution-spec,
//! "Error Codes".

use std::borrow::Cow;
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
/// What servers answer on a port with TLS to a request without it: those written in Go, nginx, Apache, Tomcat.
const WITHOUT_TLS: [&str; 4] = ["https server", "https port", "ssl-enabled server port", "requires tls"];

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
        let retry_after = self.retry_after();
        let nothing = ErrorAnswer { code: None, message: None, retry_after, wants_tls: self.wants_tls() };
        if self.body.is_empty() {
            return nothing;
        }
        let Ok(mut body) = json::parse_object("answer", &self.body) else {
            let message = match self.text() {
                Some(text) => shown(text.trim()),
                None => format!("expected the JSON of a registry, got {}", self.kind()),
            };
            return ErrorAnswer { message: Some(message), ..nothing };
        };
        let first = body.take("errors").and_then(|errors| errors.get(0).cloned()).unwrap_or_default();
        let text = |name: &str| first.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(shown);
        // Token services use `details` or `error_description` (OAuth 2).
        let other = ["error_description", "details", "message", "error"];
        let alone = other.iter().find_map(|name| body.optional_string(name).ok().flatten().map(|text| shown(&text)));
        ErrorAnswer { code: text("code"), message: text("message").or(alone), ..nothing }
    }

    /// The body, if it is text for people. Servers written in Go name no type for what they answer before they parse
    /// the request.
    fn text(&self) -> Option<Cow<'_, str>> {
        match self.media_type() {
            Some("text/plain") => Some(String::from_utf8_lossy(&self.body)),
            Some(_) => None,
            None => {
                let text = str::from_utf8(&self.body).ok().map(str::trim)?;
                let is_text = text.len() <= SHOWN && !text.starts_with(['<', '{', '[']) && printable(text) == text;
                is_text.then_some(Cow::Borrowed(text))
            }
        }
    }

    /// What the body is instead of the expected JSON: its media type, and the title of a web page.
    pub(crate) fn kind(&self) -> String {
        let page = self.is_web_page().then(|| String::from_utf8_lossy(&self.body));
        let kind = match (self.media_type(), &page) {
            (Some(media_type), _) if page.is_none() || media_type.contains("html") => shown(media_type),
            (_, Some(_)) => "a web page".to_owned(),
            (_, None) => "unknown content".to_owned(),
        };
        match page.as_deref().and_then(title) {
            Some(title) => format!("{kind}: {title}"),
            None => kind,
        }
    }

    /// Whether the body is said to be JSON, and is not a web page.
    pub(crate) fn is_json(&self) -> bool {
        !self.is_web_page() && self.media_type().is_none_or(|media_type| media_type.ends_with("json"))
    }

    /// Whether the body is HTML, by its type or by its content.
    pub(crate) fn is_web_page(&self) -> bool {
        let start = String::from_utf8_lossy(&self.body[..self.body.len().min(SHOWN)]).trim_start().to_ascii_lowercase();
        self.media_type().is_some_and(|media_type| media_type == "text/html" || media_type == "application/xhtml+xml")
            || ["<!doctype html", "<html", "<head"].iter().any(|tag| start.starts_with(tag))
    }

    /// Whether the server refuses a request because it came without TLS.
    fn wants_tls(&self) -> bool {
        let is_plain = self.url.scheme() == "http";
        let says = || {
            let text = String::from_utf8_lossy(&self.body).to_ascii_lowercase();
            WITHOUT_TLS.iter().any(|words| text.contains(words))
        };
        is_plain && matches!(self.status.as_u16(), 400 | 426) && says()
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
    // Its bytes have the positions of the page's: only ASCII letters change.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let words: Vec<&str> = page[start..end].split_whitespace().collect();
    Some(shown(&words.join(" "))).filter(|title| !title.is_empty())
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
            (
                "application/json",
                "<!DOCTYPE html>\n<TITLE lang=en>Sign\n in</TITLE>",
                ": expected the JSON of a registry, got a web page: Sign in",
            ),
            ("application/xml", "<Error/>", ": expected the JSON of a registry, got application/xml"),
            // Without a type, what reads as text is text.
            (
                "",
                "Client sent an HTTP request to an HTTPS server.\n",
                ": Client sent an HTTP request to an HTTPS server",
            ),
            ("", "<html><title>a</title>", ": expected the JSON of a registry, got a web page: a"),
            ("", "a\u{1b}b", ": expected the JSON of a registry, got unknown content"),
            ("", "<Error/>", ": expected the JSON of a registry, got unknown content"),
        ] {
            let mut answer = answer("x", body);
            if !media_type.is_empty() {
                answer.headers.insert(CONTENT_TYPE, media_type.parse().unwrap());
            }
            assert_eq!(answer.error_answer().to_string(), shown, "{body}");
        }
    }

    #[test]
    fn knows_a_server_that_wants_tls() {
        for (scheme, status, body, wants) in [
            ("http", 400, "Client sent an HTTP request to an HTTPS server.\n", true),
            ("http", 400, "<title>400 The plain HTTP request was sent to HTTPS port</title>", true),
            ("http", 400, "Reason: You're speaking plain HTTP to an SSL-enabled server port.", true),
            ("http", 400, "Bad Request\nThis combination of host and port requires TLS.", true),
            ("http", 400, r#"{"errors":[{"code":"MANIFEST_INVALID"}]}"#, false),
            ("http", 403, "not on this HTTPS server", false),
            ("https", 400, "Client sent an HTTP request to an HTTPS server.\n", false),
        ] {
            let mut answer = answer("x", body);
            answer.url = Url::parse(&format!("{scheme}://h.example/")).unwrap();
            answer.status = StatusCode::from_u16(status).unwrap();
            assert_eq!(answer.error_answer().wants_tls, wants, "{scheme} {status} {body}");
        }
    }

    #[test]
    fn shows_the_registrys_message_without_control_characters() {
        for (body, shown) in [
            (r#"{"errors":[{"code":"DENIED","message":"no\u001b[31m access\u202e"}]}"#, ": DENIED: no [31m access "),
            (r#"{"errors":[]}"#, ""),
            (r#"{"error":"invalid_grant","error_description":"expired"}"#, ": expired"),
        ] {
            assert_eq!(answer("x", body).error_answer().to_string(), shown, "{body}");
        }
    }
}
