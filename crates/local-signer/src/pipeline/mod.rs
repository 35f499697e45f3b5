//! The steps of a request, in order: identify, read, authenticate, route, throttle, read the parameters, validate,
//! authorize, fail on purpose, run, record, answer.
//!
//! Each step is a function with a result; the first error ends the walk and becomes the answer. The operation table
//! ([`crate::operations::OPERATIONS`]) says everything about an operation that a step needs to know.

mod answer;
mod body;
mod call;
mod completion;

pub use self::body::MEMORY as BODY_MEMORY;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use aws_names::NameError;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Request, State};
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use limits::MemoryBudget;
use time::OffsetDateTime;
use tokio::sync::oneshot;

use self::answer::{ERROR_TYPE, InternalCause, REQUEST_ID};
use self::call::Call;
use self::completion::to_its_end;
use crate::auth::{Authenticated, Claim, Head, canonical};
use crate::authorization::{Connection, authorize};
use crate::caller::Caller;
use crate::console::recent::{RecentCall, Source};
use crate::console::{Console, intercept};
use crate::cut::Cut;
use crate::error::ApiError;
use crate::faults::Outcome;
use crate::model::{Parameters, PathValues};
use crate::monitoring::Monitoring;
use crate::operations::{Answer, OPERATIONS, Operation, Service};
use crate::principals::Principals;
use crate::server::Peer;
use crate::strangers::Standing;

/// A hundred hashes of GetRevocationStatus have 21 KiB.
const MAX_TARGET: usize = 32 * 1024;

/// The state shared by all requests.
#[derive(Debug)]
pub struct Endpoint {
    /// The operations' state.
    pub service: Arc<Service>,
    /// Who may make requests.
    pub principals: Principals,
    /// The pages for monitoring.
    pub monitoring: Monitoring,
    /// The memory for bodies of requests.
    pub bodies: MemoryBudget,
    /// The console, which also keeps the last calls.
    pub console: Arc<Console>,
    /// Dropped with the last request, which may still run when its connection is closed.
    pub _ended: oneshot::Sender<Infallible>,
}

/// The service. All paths of the API go through [`handle`], including unknown ones; the console takes its own before.
pub fn router(endpoint: Arc<Endpoint>) -> Router {
    let console = from_fn_with_state(Arc::clone(&endpoint.console), intercept);
    Router::new().fallback(handle).with_state(endpoint).layer(console)
}

/// Answers a request.
///
/// An authenticated request runs to its end, also if its client closes the connection: otherwise a change could be made
/// that the audit log, the events and the metrics never see.
async fn handle(
    State(endpoint): State<Arc<Endpoint>>,
    Extension(standing): Extension<Standing>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let monitored = endpoint.monitoring.answer(&endpoint.service, &peer, &parts.method, parts.uri.path());
    if let Some(response) = monitored.await {
        return response;
    }
    let read = body::read(claim(&endpoint, &parts), body, &endpoint.bodies).await;
    let read = read.and_then(|(claim, body)| Ok((authenticated(&standing, &peer, claim, &body)?, body)));
    let request = Received { endpoint, peer, parts, begun };
    match read {
        Err(error) => request.finish(Err(error)).await,
        Ok(known) => to_its_end(request.finish(Ok(known))).await.unwrap_or_else(|why| {
            // It panicked. The store rolls back a change that does not return.
            tracing::error!("internal error: a request has no answer: {why}");
            ApiError::Internal(String::new()).into_response()
        }),
    }
}

/// A request whose body was read.
struct Received {
    endpoint: Arc<Endpoint>,
    peer: Peer,
    parts: Parts,
    begun: Instant,
}

impl Received {
    /// Answers the request of a caller, or refuses it; with a request id, in the audit log and in the log.
    async fn finish(self, known: Result<(Caller, Bytes), ApiError>) -> Response {
        let Self { endpoint, peer, parts, begun } = self;
        let id = uuid::Uuid::new_v4().to_string();
        let mut call = Call::default();
        let outcome = match known {
            Ok((caller, body)) => answer(&endpoint, caller, &peer, &parts, &body, &mut call).await,
            Err(error) => Err(error),
        };
        let recent = RecentCall::new(Source::Api, call.operation, call.caller.as_ref(), begun.elapsed(), &outcome);
        endpoint.console.recent().add(recent);
        call.report(&endpoint, &parts, &peer, &id, begun.elapsed(), &outcome).await;
        let mut response = outcome.map_or_else(ApiError::into_response, Answer::into_response);
        let status = response.status().as_u16();
        let error = response.headers().get(ERROR_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("-");
        tracing::info!(request_id = %id, method = %parts.method, path = parts.uri.path(), status, error, "handled a request");
        if let Some(InternalCause(cause)) = response.extensions().get() {
            tracing::error!(request_id = %id, "internal error: {cause}");
        }
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        if let Some(cut) = call.cut {
            response.extensions_mut().insert(cut);
        }
        response
    }
}

/// The walk of an authenticated request. `call` gets what is learned about it on the way.
async fn answer(
    endpoint: &Endpoint,
    caller: Caller,
    peer: &Peer,
    parts: &Parts,
    body: &Bytes,
    call: &mut Call,
) -> Result<Answer, ApiError> {
    call.caller = Some(caller.clone());
    let (operation, path) = route(parts)?;
    call.operation = Some(operation);
    throttle(endpoint, operation, &caller)?;
    let query = canonical::query_pairs(parts.uri.query().unwrap_or_default());
    let parameters = operation.read(path, query, body)?;
    call.remember(&endpoint.service, &parameters);
    let outcome = match checked(endpoint, &caller, operation, &parameters, parts, peer) {
        Ok(()) => match fail(endpoint, operation, call).await {
            Ok(()) => (operation.run)(&endpoint.service, &caller, parameters).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    outcome.map_err(|error| operation.documented(error))
}

/// Validates and authorizes a request. What the model says of its parameters comes first, as at AWS: it is no secret,
/// and says nothing about resources.
fn checked(
    endpoint: &Endpoint,
    caller: &Caller,
    operation: &'static Operation,
    parameters: &Parameters,
    parts: &Parts,
    peer: &Peer,
) -> Result<(), ApiError> {
    operation.validate(parameters)?;
    let with = Connection { headers: &parts.headers, is_encrypted: peer.tls.is_some() };
    authorize(&endpoint.service, caller, operation, parameters, &with)
}

/// Refuses a call beyond the quota of its operation.
fn throttle(endpoint: &Endpoint, operation: &Operation, caller: &Caller) -> Result<(), ApiError> {
    let controls = &endpoint.service.controls;
    Ok(controls.quotas.take(operation.name, operation.quota, caller.location()).inspect_err(|_| {
        controls.metrics.throttled(operation.name);
    })?)
}

/// Delays the call, fails it, or notes that its connection is cut, if the configuration asks for it.
async fn fail(endpoint: &Endpoint, operation: &Operation, call: &mut Call) -> Result<(), ApiError> {
    let controls = &endpoint.service.controls;
    let Some(fault) = controls.faults.next(operation.name) else { return Ok(()) };
    controls.metrics.fault(operation.name, fault.kind());
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    match fault.outcome {
        None => Ok(()),
        Some(Outcome::Error(error)) => Err(ApiError::Injected(error)),
        Some(Outcome::CutAnswer) => {
            call.cut = Some(Cut::Answer);
            Ok(())
        }
        Some(Outcome::CutRequest | Outcome::Cut) => {
            call.cut = Some(Cut::Request);
            Err(ApiError::Cut)
        }
    }
}

/// Checks who may use the body before it is kept: what the request claims, not yet its signature.
fn claim<'a>(endpoint: &Endpoint, parts: &'a Parts) -> Result<Claim<'a>, ApiError> {
    if parts.uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_TARGET) {
        return Err(ApiError::TooLarge("the path and query are longer than 32 KiB"));
    }
    let head = Head {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
    };
    Ok(Claim::check(head, &endpoint.principals.current(), OffsetDateTime::now_utc())?)
}

/// Verifies the signature of the request.
fn authenticated(standing: &Standing, peer: &Peer, claim: Claim<'_>, body: &Bytes) -> Result<Caller, ApiError> {
    let Authenticated { principal, region, .. } = claim.verify(body)?;
    if !standing.authenticate() {
        return Err(ApiError::Timeout);
    }
    let region = region.parse().map_err(|why: NameError| ApiError::Validation(why.to_string()))?;
    Ok(Caller::authenticated(principal, region, peer.address.ip()))
}

/// The operation of a method and path, with the values of the path's parameters.
fn route(parts: &Parts) -> Result<(&'static Operation, PathValues), ApiError> {
    let path = parts.uri.path();
    let found = OPERATIONS.iter().find_map(|operation| Some((operation, operation.matches(&parts.method, path)?)));
    found.ok_or_else(|| ApiError::UnknownOperation(format!("{} {path}", parts.method)))
}
