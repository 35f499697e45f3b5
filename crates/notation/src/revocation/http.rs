//! Requests to whomever a certificate names: bounded in size, in time and in redirects, without credentials.
//!
//! What comes back is signed, so plain HTTP is no weakness, and no answer is trusted for where it came from.

use std::time::{Duration, Instant};

use http_client::{HttpClients, Silence, explain};
use limits::Deadline;
use notary::text::printable;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use reqwest::{Method, RequestBuilder, Response, Url};

use super::error::SourceError;

/// The longest URL that is asked. Certificates have them of a hundred.
const MAX_URL: usize = 2048;
const MAX_REDIRECTS: usize = 3;

#[derive(Debug)]
pub(super) struct Http {
    clients: HttpClients,
}

impl Http {
    /// `idle` is how long a connection may be silent.
    pub(super) fn new(idle: Duration) -> Self {
        Self { clients: HttpClients::new(Vec::new(), idle) }
    }

    /// The body of what is at the URL, which has the media type `accept`.
    pub(super) async fn get(&self, url: &Url, accept: &str, limit: usize) -> Result<Vec<u8>, SourceError> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let request =
                self.clients.client_for(&url, Silence::Bounded).map_err(unusable)?.request(Method::GET, url.clone());
            let response = exchange(&Method::GET, &url, request.header(ACCEPT, accept)).await?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return read(response, limit).await;
            }
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok()).filter(is_usable);
            url = next.ok_or(SourceError::Redirect("it leads to no http:// or https:// URL"))?;
        }
        Err(SourceError::Redirect("it is one of too many"))
    }

    /// What the URL answers to a body of the media type `content_type`.
    pub(super) async fn post(
        &self,
        url: &Url,
        content_type: &str,
        body: Vec<u8>,
        limit: usize,
    ) -> Result<Vec<u8>, SourceError> {
        let request =
            self.clients.client_for(url, Silence::Bounded).map_err(unusable)?.request(Method::POST, url.clone());
        let request = request.header(CONTENT_TYPE, content_type).body(body);
        read(exchange(&Method::POST, url, request).await?, limit).await
    }
}

async fn exchange(method: &Method, url: &Url, request: RequestBuilder) -> Result<Response, SourceError> {
    let began = Instant::now();
    let answer = request.send().await;
    let (ms, url) = (began.elapsed().as_millis() as u64, printable(url.as_str()));
    match &answer {
        Ok(answer) => tracing::debug!(%method, url, status = answer.status().as_u16(), ms, "answered"),
        Err(why) => tracing::debug!(%method, url, why = printable(&explain(why)), ms, "the request failed"),
    }
    answer.map_err(|why| failed(&why))
}

/// A URL that may be asked.
pub(super) fn parse_url(text: &str) -> Result<Url, SourceError> {
    let url = Some(text).filter(|text| text.len() <= MAX_URL).and_then(|text| Url::parse(text).ok());
    url.filter(is_usable).ok_or(SourceError::NotAUrl)
}

fn is_usable(url: &Url) -> bool {
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    matches!(url.scheme(), "http" | "https") && url.has_host() && is_anonymous
}

/// Runs `work` for as long as `threshold` and the deadline allow.
pub(super) async fn within<T>(
    threshold: Duration,
    deadline: Deadline,
    work: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    let time = threshold.min(deadline.remaining());
    tokio::time::timeout(time, work).await.unwrap_or(Err(SourceError::Timeout(time)))
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, SourceError> {
    if response.status().as_u16() != 200 {
        return Err(SourceError::Status(response.status().as_u16()));
    }
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(SourceError::TooLarge(limit));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|why| failed(&why))? {
        if body.len() + chunk.len() > limit {
            return Err(SourceError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn failed(why: &reqwest::Error) -> SourceError {
    SourceError::Connection(explain(why))
}

fn unusable(why: impl std::fmt::Display) -> SourceError {
    SourceError::Connection(format!("the HTTP client cannot be made: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_http_without_credentials_are_asked() {
        for url in ["http://a", "HTTPS://a.example:8080/b?c", "http://[::1]/"] {
            assert!(parse_url(url).is_ok(), "{url}");
        }
        let long = format!("http://a/{}", "a".repeat(MAX_URL));
        for url in ["", "a", "//a", "ldap://a/b", "ftp://a", "file:///etc/passwd", "http://", "http://u:p@a", &long] {
            assert_eq!(parse_url(url), Err(SourceError::NotAUrl), "{url}");
        }
    }
}
