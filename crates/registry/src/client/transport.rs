//! Sending a request: redirects, retries, and limits on size and time.

use std::time::Duration;

use http_client::{BodyError, Excess, HttpClients, Silence, explain, is_not_tls, read_body};
use limits::{MemoryBudget, Wait, Waits};
use notary::text::printable;
use reqwest::header::{AUTHORIZATION, HeaderValue, LOCATION};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode, Url};
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::Answer;
use super::call::Call;
use crate::content::Content;
use crate::error::{RegistryError, RequestLine};

const MAX_REDIRECTS: usize = 5;
const MAX_RETRIES: u32 = 4;
/// The most that is read of the body of an error answer, in bytes.
const MAX_ERROR_BODY: u64 = 64 * 1024;

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
        let mut last = None;
        for attempt in 0.. {
            let once = timeout_at(call.deadline(), self.once(call, home, authorization)).await;
            let result = once.unwrap_or_else(|_| Err(call.timeout(last.take())));
            let repeat = call.repeat && attempt < MAX_RETRIES;
            let (wait, why) = match &result {
                Ok(answer) if repeat && is_temporary(answer.status) => {
                    let why = format!("{}{}", answer.status, answer.error_answer());
                    (answer.retry_after().unwrap_or_else(|| self.wait(attempt)), why)
                }
                Err(RegistryError::Connection { why, .. }) if repeat => (self.wait(attempt), why.clone()),
                _ => return result,
            };
            if call.deadline().saturating_duration_since(Instant::now()) <= wait {
                return result;
            }
            tracing::debug!(request = %call.request(), %why, ?wait, "retrying");
            let host = authority(&call.url);
            self.waits.begin(&Wait { host, why: why.clone(), time: Some(wait) });
            sleep(wait).await;
            last = Some(why);
        }
        Err(call.timeout(last))
    }

    /// The wait before a retry: exponential, with jitter so that clients do not retry all at once.
    fn wait(&self, attempt: u32) -> Duration {
        self.backoff.mul_f64(f64::from(1_u32 << attempt) * (0.5 + fastrand::f64()))
    }

    async fn once(
        &self,
        call: &Call,
        home: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        let mut url = call.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.exchange(call, &url, authorization.filter(|_| is_same_origin(&url, home))).await?;
            if !(call.follow && is_redirect(response.status())) {
                return self.read(call, url, response).await;
            }
            url = next_hop(call, &url, &response)?;
        }
        let why = format!("more than {MAX_REDIRECTS} redirects, the last to {}", RequestLine::new(&call.method, &url));
        Err(RegistryError::Redirect { request: call.request(), why })
    }

    async fn exchange(
        &self,
        call: &Call,
        url: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, RegistryError> {
        let client = self.clients.client_for(url, Silence::Bounded)?;
        let mut request = client.request(call.method.clone(), url.clone()).headers(call.headers.clone());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        // Without this an empty body would be sent without Content-Length.
        if call.method == Method::PUT || call.method == Method::POST {
            request = request.body(call.body.clone());
        }
        start(call, url, request).await
    }

    /// Makes the call once, with a streamed body. `authorization` is sent only to the origin of `home`.
    pub(super) async fn send_stream(
        &self,
        call: &Call,
        home: &Url,
        authorization: Option<&HeaderValue>,
        body: Body,
    ) -> Result<Answer, RegistryError> {
        // A registry is silent while it receives the body.
        let client = self.clients.client_for(&call.url, Silence::Allowed)?;
        let mut request = client.request(call.method.clone(), call.url.clone()).headers(call.headers.clone());
        if let Some(authorization) = authorization.filter(|_| is_same_origin(&call.url, home)) {
            request = request.header(AUTHORIZATION, authorization);
        }
        let exchange = async {
            let response = start(call, &call.url, request.body(body)).await?;
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
            Err(BodyError::Incomplete(why)) => return Err(RegistryError::Connection { request: answer.request, why }),
        }
        Ok(answer)
    }
}

async fn start(call: &Call, url: &Url, request: RequestBuilder) -> Result<Response, RegistryError> {
    let failed = |why: reqwest::Error| {
        let request = RequestLine::new(&call.method, url);
        if why.is_builder() {
            RegistryError::Client(explain(&why))
        } else if is_not_tls(&why) {
            RegistryError::NotTls { request }
        } else {
            RegistryError::Connection { request, why: explain(&why) }
        }
    };
    let began = Instant::now();
    let answer = request.send().await.map_err(failed);
    let ms = began.elapsed().as_millis() as u64;
    match &answer {
        Ok(answer) => {
            let request = RequestLine::new(&call.method, url);
            let status = answer.status().as_u16();
            tracing::debug!(%request, status, ms, "answered");
        }
        Err(why) => tracing::debug!(why = printable(&why.to_string()), ms, "the request failed"),
    }
    answer
}

/// The target of a redirect, if it may be followed.
fn next_hop(call: &Call, from: &Url, response: &Response) -> Result<Url, RegistryError> {
    let refused = |why: String| RegistryError::Redirect { request: RequestLine::new(&call.method, from), why };
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| from.join(location).ok());
    let next = next.ok_or_else(|| refused(format!("{}: the redirect has no valid Location", response.status())))?;
    may_follow(from, &next).map_err(refused)?;
    Ok(next)
}

/// Checks that a redirect or upload URL of the registry is safe to follow.
pub(crate) fn may_follow(from: &Url, to: &Url) -> Result<(), String> {
    let shown = RequestLine::new(&Method::GET, to).to_string();
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => Ok(()),
        ("https", "http") => Err(format!(
            "the registry redirects from https to http ({shown}), which is not followed; a proxy in front of the registry must set X-Forwarded-Proto"
        )),
        _ => Err(format!("the registry redirects to {shown}, which is not an HTTP URL")),
    }
}

pub(crate) fn is_same_origin(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin()
}

/// The host of a URL, with its port if it is not the scheme's.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether the same request may succeed later.
fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}
