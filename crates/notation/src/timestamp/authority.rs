//! The client of a timestamping authority: RFC 3161, 3.4, "Time-Stamp Protocol via HTTP". Bounded in size and time.
//! Redirects are not followed. Tokens are signed, so plain HTTP, which many authorities use, is as good as HTTPS.

use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use http_client::{BodyError, Excess, HttpClients, Reach, Silence, TlsFailure, is_link_only, read_body};
use limits::Deadline;
use notary::DigestAlgorithm;
use notary::text::printable;
use notary::timestamp::{
    MAX_TOKEN_SIZE, QUERY_MEDIA_TYPE, REPLY_MEDIA_TYPE, TimestampRequest, TimestampToken, VerifiedTimestamp,
};
use notary::x509::Certificate;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Response, Url};

use super::error::TimestampingError as E;

/// The largest response, in bytes: a token and its status.
const MAX_RESPONSE: u64 = MAX_TOKEN_SIZE as u64 + 4096;
/// How long a connection may be silent, if that is limited.
const IDLE: Duration = Duration::from_secs(10);

/// A timestamping authority, and the roots that its certificate must lead to. Share it: it keeps its connections.
#[derive(Debug)]
pub struct TimestampingAuthority {
    url: Url,
    roots: Vec<Certificate>,
    clients: HttpClients,
}

/// Parses the URL of an authority.
///
/// # Errors
/// Returns a message if it is not an `http://` or `https://` URL without user name and password, or has an address that
/// only this machine's link has.
pub fn parse_url(text: &str) -> Result<Url, String> {
    if !text.contains("://") {
        return Err("not a URL: write http:// or https:// before the name".to_owned());
    }
    let url = Url::parse(text).map_err(|why| format!("not a URL: {why}"))?;
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_anonymous {
        return Err("expected an http:// or https:// URL without user name and password".to_owned());
    }
    if is_link_only(&url) {
        return Err("the URL has an address of this machine's link, which is not used".to_owned());
    }
    Ok(url)
}

impl TimestampingAuthority {
    /// An authority at this URL.
    ///
    /// # Errors
    /// Returns [`TimestampingError::Root`](super::TimestampingError::Root) if there are no roots, or one is not a
    /// self-signed certificate of a certificate authority.
    pub fn new(url: Url, roots: Vec<Certificate>) -> Result<Self, E> {
        if let Some(wrong) = roots.iter().find(|root| !root.is_root_authority()) {
            return Err(E::Root(format!("{} is not a root CA certificate", wrong.subject())));
        }
        if roots.is_empty() {
            return Err(E::Root("there is none".to_owned()));
        }
        Ok(Self { url, roots, clients: HttpClients::new(Vec::new(), IDLE) })
    }

    /// Returns the URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Requests a token for a message: returns it in DER, and parsed. It answers the request, but is not verified yet.
    pub(super) async fn request(
        &self,
        message: &[u8],
        algorithm: DigestAlgorithm,
        deadline: Deadline,
    ) -> Result<(Vec<u8>, TimestampToken), E> {
        let mut nonce = [0; TimestampRequest::NONCE_SIZE];
        rand::fill(&mut nonce).map_err(|_| E::Request("the system provides no random numbers".to_owned()))?;
        let request = TimestampRequest::new(message, algorithm, nonce).map_err(|why| E::Request(why.to_string()))?;
        let response = deadline.run(self.exchange(&request)).await;
        let response = response.ok_or_else(|| E::Timeout { url: self.shown(), time: deadline.budget() })??;
        let refused = |why| E::Response { url: self.shown(), source: Box::new(why) };
        request.check(&response).map_err(refused)
    }

    /// Verifies a token for a message.
    ///
    /// # Errors
    /// Returns [`TimestampingError::Token`](super::TimestampingError::Token) if the token is not a valid one of this
    /// authority. Whether its certificates are revoked is not checked.
    pub fn verify(&self, token: &TimestampToken, message: &[u8]) -> Result<VerifiedTimestamp, E> {
        let invalid = |why| E::Token { url: self.shown(), source: Box::new(why) };
        token.verify(message, &self.roots).map_err(invalid)
    }

    async fn exchange(&self, request: &TimestampRequest) -> Result<Vec<u8>, E> {
        // The deadline of the request limits the silence.
        let client = self.clients.client_for(&self.url, Reach::Anywhere, Silence::Allowed);
        let client = client.map_err(|why| self.connection(why))?;
        let began = Instant::now();
        let query = client.post(self.url.clone()).header(CONTENT_TYPE, QUERY_MEDIA_TYPE);
        let query = query.header(ACCEPT, REPLY_MEDIA_TYPE).body(request.der().to_vec());
        let answer = query.send().await.map_err(|why| match TlsFailure::of(&why) {
            Some(why) => E::Tls { url: self.shown(), why },
            None => self.connection(self.clients.explain(&why)),
        })?;
        let (status, ms) = (answer.status().as_u16(), began.elapsed().as_millis() as u64);
        tracing::debug!(url = self.shown(), status, ms, "received a response of the timestamping authority");
        self.check(&answer)?;
        read_body(answer, MAX_RESPONSE, Excess::Error, None).await.map(|body| body.to_vec()).map_err(|why| match why {
            BodyError::TooLarge { .. } => E::TooLarge { url: self.shown(), most: MAX_RESPONSE },
            BodyError::Incomplete(why) => self.connection(why),
        })
    }

    fn check(&self, answer: &Response) -> Result<(), E> {
        if answer.status().as_u16() != 200 {
            return Err(E::Status { url: self.shown(), status: answer.status().as_u16() });
        }
        let media_type = answer.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let media_type = media_type.unwrap_or_default();
        // A media type may have parameters, and its case does not matter: RFC 9110, 8.3.1.
        let name = media_type.split(';').next().unwrap_or_default().trim();
        match name.eq_ignore_ascii_case(REPLY_MEDIA_TYPE) {
            true => Ok(()),
            false => Err(E::ContentType { url: self.shown(), found: printable(&media_type) }),
        }
    }

    fn connection(&self, why: impl std::fmt::Display) -> E {
        E::Connection { url: self.shown(), why: why.to_string() }
    }

    /// The URL, safe to print.
    pub(super) fn shown(&self) -> String {
        printable(self.url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::parse_url;

    #[test]
    fn urls_of_authorities_are_http_without_credentials() {
        for right in ["http://tsa.example", "https://tsa.example:8080/tsr?a=b"] {
            assert!(parse_url(right).is_ok(), "{right}");
        }
        for wrong in ["", "tsa.example", "ftp://tsa.example", "http://u:p@tsa.example", "http://169.254.169.254/"] {
            assert!(parse_url(wrong).is_err(), "{wrong}");
        }
    }
}
