//! One request: its route, the checks before an adapter sees it, its turn, and the answer, which always comes.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming as IncomingBody;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use limits::Deadline;

use super::Shared;
use super::application::{Application, Observer, Snapshot};
use super::body::{self, Body, BodyError};
use super::connection::{Protocol, Scope};
use super::gate::Full as GateFull;
use super::open::{Activity, Unsent};
use super::panics::caught;
use crate::config::Adapter;
use crate::frontends::{Answer, Authorization, Incoming, Route, caller_deadline};
use crate::trace;

/// The requests of a connection.
pub(super) struct Requests<A, O> {
    pub(super) shared: Arc<Shared<A, O>>,
    pub(super) activity: Arc<Activity>,
    pub(super) scope: Scope,
    pub(super) protocol: Protocol,
}

/// An answer, and what its headers say beside it.
struct Reply {
    answer: Answer,
    adapter: Option<Adapter>,
    extra: Extra,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    None,
    /// The methods of the path.
    Allow(&'static str),
    /// Too many requests: another replica may have room.
    RetryAfter,
    /// The caller must say who it is, by a bearer token.
    Authenticate,
}

/// A request that is in work, from its head to its answer.
struct Running<A, O: Observer> {
    requests: Arc<Requests<A, O>>,
    is_answered: bool,
}

impl<A, O: Observer> Running<A, O> {
    fn begin(requests: Arc<Requests<A, O>>) -> Self {
        requests.activity.begin();
        requests.shared.observer.inflight(1);
        Self { requests, is_answered: false }
    }

    fn answered(&mut self) {
        self.is_answered = true;
    }
}

impl<A, O: Observer> Drop for Running<A, O> {
    fn drop(&mut self) {
        self.requests.activity.end(self.is_answered);
        self.requests.shared.observer.inflight(-1);
    }
}

impl<A: Application, O: Observer> Requests<A, O> {
    /// Answers a request.
    pub(super) fn call(
        self: Arc<Self>,
        request: Request<IncomingBody>,
    ) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + 'static {
        let start = Instant::now();
        // Before the first poll, so that the connection does not count as idle.
        let mut running = Running::begin(self);
        async move {
            let requests = &running.requests;
            let mut reply = match requests.shared.observer.trace(request.headers()) {
                None => requests.reply(request).await,
                Some(span) => {
                    // On the heap: most requests are not traced.
                    let reply = Box::pin(trace::scope(span.context(), requests.reply(request))).await;
                    span.end(reply.adapter, &reply.answer);
                    reply
                }
            };
            let took = start.elapsed();
            requests.shared.observer.answered(reply.adapter, &reply.answer, took);
            if let Some(record) = reply.answer.record.take() {
                requests.shared.observer.decided(record, took);
            }
            if reply.extra == Extra::RetryAfter {
                requests.shared.observer.shed();
            }
            let mut response = requests.response(reply);
            if requests.protocol == Protocol::Http1 && requests.activity.closing.load(Ordering::Relaxed) {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            running.answered();
            Ok(response)
        }
    }

    async fn reply(&self, mut request: Request<IncomingBody>) -> Reply {
        let snapshot = self.shared.application.current();
        let limits = snapshot.limits();
        let deadline = Deadline::new(limits.deadline);
        let path = request.uri().path();
        if !path.starts_with('/') || request.method() == Method::CONNECT {
            return Reply::text(None, 400, "the path of the URL must begin with /");
        }
        let Some(route) = Route::from_path(path).filter(|route| self.serves(&snapshot, *route)) else {
            // Without saying whether the path is unknown or its adapter is switched off.
            return Reply::text(
                None,
                404,
                "this path is not served; server.adapters of the configuration says which adapters answer",
            );
        };
        let adapter = Some(route.adapter());
        if request.method() != route.method() {
            let answer = Answer::text(405, format!("this path answers to {} only", route.method()));
            return Reply { answer, adapter, extra: Extra::Allow(route.method()) };
        }
        if route.has_body()
            && let Err(problem) = check_media_type(request.headers())
        {
            return Reply::text(adapter, 415, problem);
        }
        let query = request.uri().query().map(str::to_owned);
        let authorization = Authorization::of(request.headers());
        let mut incoming = Incoming { query, authorization, body: Bytes::new(), deadline };
        let caller = caller_deadline(&incoming, limits);
        let is_awaited = request.headers().contains_key(header::EXPECT);
        let mut held = None;
        if route.has_body() {
            let body = request.body_mut();
            let shared = &self.shared;
            match body::read(body, limits.body, &caller, &shared.memory, &shared.readers).await {
                Ok(Body { bytes, reservation }) => (incoming.body, held) = (bytes, reservation),
                Err(error) => {
                    // HTTP/2 stops a stream without the connection, and after `Expect` the client sends nothing yet.
                    if self.protocol == Protocol::Http1 && !is_awaited && error != BodyError::TooSlow {
                        body::discard(body).await;
                    }
                    return Reply::no_body(adapter, &error, limits.body);
                }
            }
        }
        let reply = self.take_turn(&snapshot, route, incoming, &caller).await;
        drop(held);
        reply
    }

    fn response(&self, reply: Reply) -> Response<Full<Bytes>> {
        let Reply { answer, extra, .. } = reply;
        let body = match self.protocol {
            Protocol::Http1 => Bytes::from(answer.body),
            Protocol::Http2 => Bytes::from_owner(Unsent::new(answer.body, Arc::clone(&self.activity))),
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
        match extra {
            Extra::None => {}
            Extra::Allow(methods) => {
                headers.insert(header::ALLOW, HeaderValue::from_static(methods));
            }
            Extra::RetryAfter => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Extra::Authenticate => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
        }
        response
    }

    fn serves(&self, snapshot: &Snapshot<A::Decider>, route: Route) -> bool {
        match self.scope {
            Scope::Adapters => snapshot.has(route.adapter()),
            Scope::Socket => route.adapter() == Adapter::Verify,
        }
    }

    /// Waits for a place and runs the adapter.
    async fn take_turn(
        &self,
        snapshot: &Snapshot<A::Decider>,
        route: Route,
        incoming: Incoming,
        caller: &Deadline,
    ) -> Reply {
        let adapter = Some(route.adapter());
        let limits = snapshot.limits();
        // A quarter of the caller's time stays for the work, and for the caller to try another replica.
        let longest = caller.remaining().saturating_sub(caller.budget() / 4);
        let place = match snapshot.gate.enter(longest).await {
            Ok(place) => place,
            Err(GateFull::Queue) => return Reply::busy(adapter, "too many requests wait"),
            Err(GateFull::Waited) => return Reply::busy(adapter, "no other request ended in time"),
        };
        // On the heap: the futures around it are moved several times, and would be moved with it.
        let work = caught(Box::pin(self.shared.application.answer(snapshot, route, incoming)));
        // Adapters answer before the deadline. Should one hang, its caller gets an answer all the same.
        let done = tokio::time::timeout(caller.remaining() + limits.margin / 2, work).await;
        drop(place);
        match done {
            Ok(Ok(answer)) => {
                let extra = if answer.status == 401 { Extra::Authenticate } else { Extra::None };
                Reply { answer, adapter, extra }
            }
            Ok(Err(message)) => {
                tracing::error!("a request ended by an error of this program: {message}");
                Reply::text(adapter, 500, "the request ended by an error of this service; its log has the details")
            }
            Err(_) => Reply::text(adapter, 504, "no decision was reached before the deadline"),
        }
    }
}

impl Reply {
    fn text(adapter: Option<Adapter>, status: u16, message: impl Into<String>) -> Self {
        Self { answer: Answer::text(status, message), adapter, extra: Extra::None }
    }

    fn busy(adapter: Option<Adapter>, why: &str) -> Self {
        let answer = Answer::text(429, format!("the service is busy: {why}; try again"));
        Self { answer, adapter, extra: Extra::RetryAfter }
    }

    fn no_body(adapter: Option<Adapter>, error: &BodyError, most: usize) -> Self {
        match error {
            BodyError::TooLarge => Self::text(
                adapter,
                413,
                format!("the body is larger than {most} bytes, the limit of server.limits.body"),
            ),
            BodyError::TooSlow => Self::text(adapter, 408, "the body did not arrive before the deadline"),
            BodyError::Busy => Self::busy(adapter, "too many bodies are being read"),
            BodyError::Broken => Self::text(adapter, 400, "the body ended early"),
        }
    }
}

/// The body must be JSON, uncompressed, and its media type must say so.
fn check_media_type(headers: &HeaderMap) -> Result<(), &'static str> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let is_json = match (types.next(), types.next()) {
        (Some(value), None) => {
            let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
            essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
        }
        _ => false,
    };
    if !is_json {
        return Err("the Content-Type must be application/json");
    }
    let is_plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain) {
        Ok(())
    } else {
        Err("compressed bodies are not supported: send it without Content-Encoding")
    }
}
