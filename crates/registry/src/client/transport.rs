//! Sending a request: redirects, retries, and limits on size and time.

use std::time::Duration;

use http_client::{BodyError, Excess, HttpClients, OutOfReach, Reach, Silence, TlsFailure, read_body};
use limits::{MemoryBudget, Wait, Waits};
use notary::text::printable;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode, Url};
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::Answer;
use super::call::Call;
use super::redirect::{MAX_REDIRECTS, is_redirect, is_same_origin, next_hop};
use crate::content::Content;
use crate::error::{RegistryError, RequestLine};

const MAX_RETRIES: u32 = 4;
/// The most that is read of the body of an error answer, in bytes.
const MAX_ERROR_BODY: u64 = 64 * 1024;

/// Which attempts of a call are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempts {
    /// All of them.
    All,
    /// Until one ends before anything of HTTP was answered. Other failures are retried.
    UntilAnswered,
    /// Those after a failed first one.
    AfterTheFirst,
}

/// Makes requests, and retries them after temporary failures.
#[derive(Debug)]
pub(super) struct Transport {
    pub(super) clients: HttpClients,
    /// For the bodies of all answers together.
    pub(super) memory: MemoryBudget,
    /// The average wait before the first retry. It doubles with each retry.
    pub(super) backoff: Duration,
    /// Is told of each wait before a retry.
    pub(super) waits: Waits,
}

impl Transport {
    /// Makes the call. Returns any complete answer, whatever its status. `authorization` is sent only to the origin of
    /// `home`.
    pub(super) async fn send(
        &self,
        call: &Call,
        home: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        Ok(self.attempt(call, home, authorization, Attempts::All).await?)
    }

    /// Makes these attempts of the call.
    pub(super) async fn attempt(
        &self,
        call: &Call,
        home: &Url,
        authorization: Option<&HeaderValue>,
        attempts: Attempts,
    ) -> Result<Answer, Failed> {
        let mut last = None;
        for attempt in u32::from(attempts == Attempts::AfterTheFirst).. {
            let once = timeout_at(call.deadline(), self.once(call, home, authorization)).await;
            let result = once.unwrap_or_else(|_| Err(call.timeout(last.take()).into()));
            let repeat = call.repeat && attempt < MAX_RETRIES;
            let (wait, why) = match &result {
                Ok(answer) if repeat && is_temporary(answer.status) => {
                    let why = format!("{}{}", answer.status, answer.error_answer());
                    (answer.retry_after().unwrap_or_else(|| self.wait(attempt)), why)
                }
                Err(Failed::Unanswered(_)) if attempts == Attempts::UntilAnswered => return result,
                Err(Failed::Unanswered(why) | Failed::Other(why)) => match why {
                    RegistryError::Connection { why, .. } if repeat => (self.wait(attempt), why.clone()),
                    _ => return result,
                },
                Ok(_) => return result,
            };
            if call.deadline().saturating_duration_since(Instant::now()) <= wait {
                return result;
            }
            tracing::debug!(request = %call.request(), %why, ?wait, "retrying");
            let host = authority(&call.url);
            let is_throttled = result.as_ref().is_ok_and(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS);
            self.waits.begin(&Wait { host, why: why.clone(), is_throttled, time: Some(wait) });
            sleep(wait).await;
            last = Some(why);
        }
        Err(call.timeout(last).into())
    }

    /// The wait before a retry: exponential, with jitter so that clients do not retry all at once.
    fn wait(&self, attempt: u32) -> Duration {
        self.backoff.mul_f64(f64::from(1_u32 << attempt) * (0.5 + fastrand::f64()))
    }

    async fn once(&self, call: &Call, home: &Url, authorization: Option<&HeaderValue>) -> Result<Answer, Failed> {
        let mut url = call.url.clone();
        let mut reach = call.reach();
        for _ in 0..=MAX_REDIRECTS {
            let response =
                self.exchange(call, &url, reach, authorization.filter(|_| is_same_origin(&url, home))).await?;
            if !is_redirect(response.status()) {
                return Ok(self.read(call, url, response).await?);
            }
            let next = next_hop(call, &url, response.status(), response.headers())?;
            reach = reach.follow(&url, &next);
            url = next;
        }
        Err(call.too_many_redirects(&url).into())
    }

    async fn exchange(
        &self,
        call: &Call,
        url: &Url,
        reach: Reach,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, Failed> {
        let client = self.clients.client_for(url, reach, Silence::Bounded).map_err(RegistryError::from)?;
        let mut request = client.request(call.method.clone(), url.clone()).headers(call.headers.clone());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        // Without this an empty body would be sent without Content-Length.
        if call.method == Method::PUT || call.method == Method::POST {
            request = request.body(call.body.clone());
        }
        self.start(call, url, request).await
    }

    /// Makes the call once, with a streamed body, and returns a redirect to the caller, who has to start the stream
    /// again. `authorization` is sent only to the origin of `home`.
    pub(super) async fn send_stream(
        &self,
        call: &Call,
        home: &Url,
        authorization: Option<&HeaderValue>,
        body: Body,
    ) -> Result<Answer, RegistryError> {
        // A registry is silent while it receives the body.
        let client = self.clients.client_for(&call.url, call.reach(), Silence::Allowed)?;
        let mut request = client.request(call.method.clone(), call.url.clone()).headers(call.headers.clone());
        if let Some(authorization) = authorization.filter(|_| is_same_origin(&call.url, home)) {
            request = request.header(AUTHORIZATION, authorization);
        }
        let exchange = async {
            let response = self.start(call, &call.url, request.body(body)).await?;
            self.read(call, call.url.clone(), response).await
        };
        timeout_at(call.deadline(), exchange).await.unwrap_or_else(|_| Err(call.timeout(None)))
    }

    /// Reads the answer whole, within its limit.
    async fn read(&self, call: &Call, url: Url, response: Response) -> Result<Answer, RegistryError> {
        let request = RequestLine::new(&call.method, &url);
        let status = response.status();
        let headers = response.headers().clone();
        let mut answer = Answer { request, url, status, headers, body: Vec::new().into(), rest: None };
        if call.method == Method::HEAD {
            return Ok(answer);
        }
        if call.stream && status.is_success() {
            answer.rest = Some(response);
            return Ok(answer);
        }
        // Of an error answer the start is enough.
        let (limit, excess) =
            if status.is_success() { (call.limit, Excess::Error) } else { (MAX_ERROR_BODY, Excess::Discard) };
        let mut reservation = self.memory.reservation();
        match read_body(response, limit, excess, Some(&mut reservation)).await {
            Ok(body) => answer.body = Content::reserved(body, reservation),
            Err(BodyError::TooLarge { limit }) => {
                return Err(RegistryError::TooLarge { request: answer.request, limit });
            }
            Err(BodyError::Incomplete(why)) => {
                let why = self.clients.with_proxy(&answer.url, why);
                return Err(RegistryError::Connection { request: answer.request, why });
            }
        }
        Ok(answer)
    }

    async fn start(&self, call: &Call, url: &Url, request: RequestBuilder) -> Result<Response, Failed> {
        let began = Instant::now();
        let answer = request.send().await.map_err(|why| self.failed(call, url, &why));
        let ms = began.elapsed().as_millis() as u64;
        match &answer {
            Ok(answer) => {
                let request = RequestLine::new(&call.method, url);
                let status = answer.status().as_u16();
                tracing::debug!(%request, status, ms, "answered");
            }
            Err(Failed::Unanswered(why) | Failed::Other(why)) => {
                tracing::debug!(why = printable(&why.to_string()), ms, "the request failed");
            }
        }
        let answer = answer?;
        match self.clients.proxy_for(url) {
            Some(proxy) if answer.status().as_u16() == 407 => {
                Err(RegistryError::ProxyLogin { request: RequestLine::new(&call.method, url), proxy }.into())
            }
            _ => Ok(answer),
        }
    }

    fn failed(&self, call: &Call, url: &Url, why: &reqwest::Error) -> Failed {
        let request = RequestLine::new(&call.method, url);
        if why.is_builder() {
            return RegistryError::Client(self.clients.explain(why)).into();
        }
        if let Some(why) = TlsFailure::of(why) {
            return RegistryError::Tls { request, why, hint: None }.into();
        }
        if let Some(why) = OutOfReach::of(why) {
            return RegistryError::Redirect { request, why: why.to_string() }.into();
        }
        let failure = RegistryError::Connection { request, why: self.clients.explain(why) };
        if why.is_connect() || why.is_timeout() { Failed::Other(failure) } else { Failed::Unanswered(failure) }
    }
}

/// A failed attempt.
#[derive(Debug)]
pub(super) enum Failed {
    /// The server accepted the connection and closed it without an answer, or answered with something else than HTTP.
    Unanswered(RegistryError),
    /// Any other failure.
    Other(RegistryError),
}

/// The host of a URL, with its port if it is not the scheme's.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

impl From<RegistryError> for Failed {
    fn from(error: RegistryError) -> Self {
        Self::Other(error)
    }
}

impl From<Failed> for RegistryError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Unanswered(why) | Failed::Other(why) => why,
        }
    }
}

/// Whether the same request may succeed later.
fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}
