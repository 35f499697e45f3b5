//! HTTP requests to the URLs that a certificate names: limited in size, time and redirects, and without credentials.
//!
//! The responses are signed and verified, so plain HTTP is as good as HTTPS.

use std::time::{Duration, Instant};

use http_client::{BodyError, Excess, HttpClients, Reach, Silence, is_link_only, is_reachable_from, read_body};
use limits::Deadline;
use notary::text::printable;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use reqwest::{Method, RequestBuilder, Response, Url};

use super::error::SourceError;

/// The maximum length of a URL. Real ones have about 100 characters.
const MAX_URL: usize = 2048;
const MAX_REDIRECTS: usize = 3;

#[derive(Debug)]
pub(super) struct Http {
    clients: HttpClients,
}

impl Http {
    /// Creates a client that gives up on a connection after `idle` without data.
    pub(super) fn new(idle: Duration) -> Self {
        Self { clients: HttpClients::new(Vec::new(), idle) }
    }

    /// Fetches at most `limit` bytes of the media type `accept`, following redirects. They lead to this machine only
    /// from this machine.
    pub(super) async fn get(&self, url: &Url, accept: &str, limit: usize) -> Result<Vec<u8>, SourceError> {
        let mut url = url.clone();
        let mut reach = Reach::Anywhere;
        for _ in 0..=MAX_REDIRECTS {
            let client = self.clients.client_for(&url, reach, Silence::Bounded).map_err(unusable)?;
            let request = client.request(Method::GET, url.clone());
            let response = self.exchange(&Method::GET, &url, request.header(ACCEPT, accept)).await?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return read(response, limit).await;
            }
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            let next = next_hop(&url, location)?;
            reach = reach.follow(&url, &next);
            url = next;
        }
        Err(SourceError::Redirect("too many redirects"))
    }

    /// Posts `body` and returns at most `limit` bytes. Redirects are not followed.
    pub(super) async fn post(
        &self,
        url: &Url,
        content_type: &str,
        body: Vec<u8>,
        limit: usize,
    ) -> Result<Vec<u8>, SourceError> {
        let client = self.clients.client_for(url, Reach::Anywhere, Silence::Bounded).map_err(unusable)?;
        let request = client.request(Method::POST, url.clone()).header(CONTENT_TYPE, content_type).body(body);
        read(self.exchange(&Method::POST, url, request).await?, limit).await
    }

    async fn exchange(&self, method: &Method, url: &Url, request: RequestBuilder) -> Result<Response, SourceError> {
        let began = Instant::now();
        let answer = request.send().await.map_err(|why| self.clients.explain(&why));
        let ms = began.elapsed().as_millis() as u64;
        let url = printable(url.as_str());
        match &answer {
            Ok(answer) => tracing::debug!(%method, url, status = answer.status().as_u16(), ms, "received a response"),
            Err(why) => tracing::debug!(%method, url, why = printable(why), ms, "the request failed"),
        }
        answer.map_err(SourceError::Connection)
    }
}

/// Parses an HTTP URL of bounded length and without credentials. A host name may still resolve to an address of this
/// machine's link: the clients reject that.
pub(super) fn parse_url(text: &str) -> Result<Url, SourceError> {
    let url = Some(text).filter(|text| text.len() <= MAX_URL).and_then(|text| Url::parse(text).ok());
    let url = url.filter(is_usable).ok_or(SourceError::NotAUrl)?;
    if is_link_only(&url) { Err(SourceError::LinkAddress) } else { Ok(url) }
}

/// The target of a redirect, if it may be followed.
fn next_hop(from: &Url, location: Option<&str>) -> Result<Url, SourceError> {
    let next = location.and_then(|location| from.join(location).ok()).filter(is_usable);
    let next = next.ok_or(SourceError::Redirect("the target is not an http:// or https:// URL"))?;
    if is_link_only(&next) || !is_reachable_from(from, &next) {
        return Err(SourceError::Redirect("the target is an address of this machine or its link"));
    }
    Ok(next)
}

fn is_usable(url: &Url) -> bool {
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    matches!(url.scheme(), "http" | "https") && url.has_host() && is_anonymous
}

/// Runs `work` until `threshold` has passed or the deadline is reached.
pub(super) async fn within<T>(
    threshold: Duration,
    deadline: Deadline,
    work: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    let time = threshold.min(deadline.remaining());
    tokio::time::timeout(time, work).await.unwrap_or(Err(SourceError::Timeout(time)))
}

async fn read(response: Response, limit: usize) -> Result<Vec<u8>, SourceError> {
    if response.status().as_u16() != 200 {
        return Err(SourceError::Status(response.status().as_u16()));
    }
    read_body(response, limit as u64, Excess::Error, None).await.map_err(|why| match why {
        BodyError::TooLarge { .. } => SourceError::TooLarge(limit),
        BodyError::Incomplete(why) => SourceError::Connection(why),
    })
}

fn unusable(why: impl std::fmt::Display) -> SourceError {
    SourceError::Connection(format!("cannot create the HTTP client: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_http_urls_without_credentials() {
        for url in ["http://a", "HTTPS://a.example:8080/b?c", "http://[::1]/"] {
            assert!(parse_url(url).is_ok(), "{url}");
        }
        let long = format!("http://a/{}", "a".repeat(MAX_URL));
        for url in ["", "a", "//a", "ldap://a/b", "ftp://a", "file:///etc/passwd", "http://", "http://u:p@a", &long] {
            assert_eq!(parse_url(url), Err(SourceError::NotAUrl), "{url}");
        }
    }

    #[test]
    fn rejects_addresses_of_the_link() {
        for url in [
            "http://169.254.169.254/latest/meta-data/",
            "http://169.254.170.2/v2/credentials",
            "http://2852039166/",
            "http://0xa9.0xfe.0xa9.0xfe/",
            "https://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://[::ffff:169.254.169.254]/",
            "http://0.0.0.0/",
            "http://100.100.100.200/",
        ] {
            assert_eq!(parse_url(url), Err(SourceError::LinkAddress), "{url}");
        }
    }

    #[test]
    fn a_server_elsewhere_does_not_redirect_to_this_machine() {
        for (from, to, followed) in [
            ("http://ocsp.example/", "http://other.example/", true),
            ("http://ocsp.example/", "/new", true),
            ("http://ocsp.example/", "http://127.0.0.1:9911/", false),
            ("http://ocsp.example/", "http://localhost/", false),
            ("http://ocsp.example/", "http://[::1]/", false),
            ("http://ocsp.example/", "http://[::ffff:127.0.0.1]/", false),
            ("http://127.0.0.1:1/", "http://127.0.0.1:2/", true),
            ("http://127.0.0.1:1/", "http://localhost:2/", true),
            ("http://127.0.0.1:1/", "http://169.254.169.254/", false),
            ("http://ocsp.example/", "http://169.254.169.254/", false),
        ] {
            let next = next_hop(&from.parse().unwrap_or_else(|_| unreachable!()), Some(to));
            assert_eq!(next.is_ok(), followed, "{from} {to}: {next:?}");
        }
    }
}
