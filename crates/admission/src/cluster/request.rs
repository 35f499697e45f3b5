//! Requests to the Kubernetes API server, with limits of time and size: the methods of [`kube::Client`] read an answer
//! however long it is.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::header::{ACCEPT, CONTENT_TYPE};
use hyper::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use limits::Deadline;
use notary::text::{innermost_cause, printable};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::error::{ClusterError, Object, ObjectKind, Verb};
use crate::metrics::{Metrics, Operation, ResponseCode, Upstream};

/// The longest time for an answer. One that is shared must not depend on the deadline of the first who wants it.
pub const ANSWER_TIME: Duration = Duration::from_secs(5);
/// The most requests at a time: they bound the memory of answers.
const CONCURRENT: usize = 32;
/// The largest error answer that is read.
const MAX_ERROR: usize = 64 * 1024;
/// How much of the server's words is shown, in characters.
const SHOWN: usize = 500;

/// The API server.
pub struct Api {
    client: Client,
    metrics: Option<Metrics>,
    turns: Semaphore,
}

/// What is asked.
#[derive(Clone)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The path with its query.
    pub path: &'a str,
    /// The media type of the answer.
    pub accept: &'static str,
    /// The body with its media type.
    pub body: Option<(Bytes, &'static str)>,
}

/// Without the body, which may be a Secret.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

impl<'a> Call<'a> {
    /// A read of this path.
    pub fn get(path: &'a str, accept: &'static str) -> Self {
        Self { method: Method::GET, path, accept, body: None }
    }
}

/// An answer that says something about the object.
pub enum Answer {
    /// The object.
    Found(Bytes),
    /// HTTP 404.
    NotFound,
    /// HTTP 403, with the server's words.
    Forbidden(String),
    /// The answer has more bytes than permitted.
    TooLarge,
}

/// Without the object, which may be a Secret.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(object) => write!(f, "Found({} bytes)", object.len()),
            Self::NotFound => f.write_str("NotFound"),
            Self::Forbidden(message) => f.debug_tuple("Forbidden").field(message).finish(),
            Self::TooLarge => f.write_str("TooLarge"),
        }
    }
}

impl Api {
    /// Requests by this client, counted by these metrics.
    pub fn new(client: Client, metrics: Option<Metrics>) -> Self {
        Self { client, metrics, turns: Semaphore::new(CONCURRENT) }
    }

    pub fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_ref()
    }

    /// Gets an object, with at most so many bytes.
    pub async fn get(
        &self,
        object: &Object,
        path: &str,
        accept: &'static str,
        most: usize,
    ) -> Result<Answer, ClusterError> {
        self.call(object, Call::get(path, accept), most).await
    }

    /// As [`Self::call`], before a deadline.
    pub async fn call_before(
        &self,
        deadline: Deadline,
        object: &Object,
        call: Call<'_>,
        most: usize,
    ) -> Result<Answer, ClusterError> {
        let late = || ClusterError::Deadline { object: object.clone(), within: deadline.budget() };
        deadline.run(self.call(object, call, most)).await.unwrap_or_else(|| Err(late()))
    }

    /// Makes a call whose answer has at most so many bytes.
    pub async fn call(&self, object: &Object, call: Call<'_>, most: usize) -> Result<Answer, ClusterError> {
        let work = async {
            // The semaphore is never closed.
            let _turn = self.turns.acquire().await;
            let response = self.sent(object, &call).await?;
            let status = response.status();
            let limit = if status.is_success() { most } else { MAX_ERROR };
            match Limited::new(response.into_body(), limit).collect().await {
                Ok(body) => judge(object, status, body.to_bytes()),
                Err(why) if why.is::<LengthLimitError>() => Ok(Answer::TooLarge),
                Err(why) => Err(unreachable(object, &*why)),
            }
        };
        let late = |_| ClusterError::Deadline { object: object.clone(), within: ANSWER_TIME };
        timeout(ANSWER_TIME, work).await.map_err(late)?
    }

    /// Sends a request and returns the answer without reading its body. A connection that fails is tried again once:
    /// the server may have closed it just before.
    pub async fn send(
        &self,
        object: &Object,
        path: &str,
        accept: &'static str,
    ) -> Result<Response<Body>, ClusterError> {
        self.sent(object, &Call::get(path, accept)).await
    }

    async fn sent(&self, object: &Object, call: &Call<'_>) -> Result<Response<Body>, ClusterError> {
        match self.send_once(object, call).await {
            Err(ClusterError::Unreachable { .. }) => self.send_once(object, call).await,
            other => other,
        }
    }

    async fn send_once(&self, object: &Object, call: &Call<'_>) -> Result<Response<Body>, ClusterError> {
        let mut request = Request::builder().method(call.method.clone()).uri(call.path).header(ACCEPT, call.accept);
        let body = match &call.body {
            Some((body, media_type)) => {
                request = request.header(CONTENT_TYPE, *media_type);
                Body::from(body.to_vec())
            }
            None => Body::empty(),
        };
        let request = request.body(body).map_err(|why| unreachable(object, &why))?;
        let operation = match object.kind {
            ObjectKind::Secret => Operation::GetSecret,
            ObjectKind::ServiceAccount => Operation::GetServiceAccount,
            ObjectKind::Namespaces if call.path.contains("watch=true") => Operation::WatchNamespaces,
            ObjectKind::Namespaces => Operation::ListNamespaces,
            ObjectKind::TokenReview => Operation::ReviewToken,
            ObjectKind::Pods => Operation::ListPods,
            ObjectKind::Report => Operation::WriteReport,
            ObjectKind::Managed(Verb::Get, _) => Operation::ReadObject,
            ObjectKind::Managed(..) => Operation::WriteObject,
        };
        let mut count = Count { metrics: self.metrics.as_ref(), operation, start: Instant::now(), code: None };
        let response = self.client.send(request).await;
        count.code = Some(match &response {
            Ok(response) => ResponseCode::from_status(response.status().as_u16()),
            Err(_) => ResponseCode::FAILED,
        });
        response.map_err(|why| unreachable(object, &why))
    }
}

/// Counts a request at its end, also when it is given up.
struct Count<'a> {
    metrics: Option<&'a Metrics>,
    operation: Operation,
    start: Instant,
    code: Option<ResponseCode>,
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        let Some(metrics) = self.metrics else { return };
        let code = self.code.unwrap_or(ResponseCode::TIMEOUT);
        metrics.upstream(Upstream::Kubernetes, self.operation, code, self.start.elapsed());
    }
}

/// What an answer says about the object.
fn judge(object: &Object, status: StatusCode, body: Bytes) -> Result<Answer, ClusterError> {
    Ok(match status {
        StatusCode::OK | StatusCode::CREATED => Answer::Found(body),
        StatusCode::NOT_FOUND => Answer::NotFound,
        StatusCode::FORBIDDEN => Answer::Forbidden(message(&body)),
        StatusCode::UNAUTHORIZED => return Err(ClusterError::Unauthorized { object: object.clone() }),
        StatusCode::GONE => {
            let expired = |from| ClusterError::Expired { object: object.clone(), from };
            return Err(continuation(&body).map_or_else(|| refused(object, status, &body), expired));
        }
        _ => return Err(refused(object, status, &body)),
    })
}

/// Where the rest of a list begins, in an answer of the kind `Status`.
fn continuation(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Status {
        metadata: ListMeta,
    }
    #[derive(Deserialize)]
    struct ListMeta {
        #[serde(rename = "continue")]
        more: String,
    }
    let status = serde_json::from_slice::<Status>(body).ok()?;
    Some(status.metadata.more).filter(|more| !more.is_empty())
}

/// The error of a status.
pub fn refused(object: &Object, status: StatusCode, body: &[u8]) -> ClusterError {
    ClusterError::Status { object: object.clone(), status: status.as_u16(), message: message(body) }
}

/// The server's words in an answer of the kind `Status`.
fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Status {
        message: String,
    }
    let text = serde_json::from_slice::<Status>(body).map(|status| status.message).unwrap_or_default();
    match printable(text.trim()) {
        text if text.is_empty() => "no reason given".to_owned(),
        text => text.chars().take(SHOWN).collect(),
    }
}

fn unreachable(object: &Object, why: &(dyn std::error::Error + 'static)) -> ClusterError {
    ClusterError::Unreachable { object: object.clone(), why: innermost_cause(why) }
}
