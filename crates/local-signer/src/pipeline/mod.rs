//! The steps of a request, in order: identify, read, authenticate, route, read the parameters, authorize, validate,
//! run, answer.
//!
//! Each step is a function with a result; the first error ends the walk and becomes the answer. The operation table
//! ([`crate::operations::OPERATIONS`]) says everything about an operation that a step needs to know.

mod answer;
mod authorization;
mod body;

use std::sync::Arc;

use aws_names::NameError;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Request, State};
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use time::OffsetDateTime;

use self::answer::{ERROR_TYPE, InternalCause, REQUEST_ID};
use crate::auth::{Authenticated, Claim, Head, canonical};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::model::{Answer, Operation, Parameters, PathValues};
use crate::operations::{OPERATIONS, Service};
use crate::principals::Principals;
use crate::server::Peer;
use crate::strangers::Standing;

const MAX_TARGET: usize = 16 * 1024;

/// The state shared by all requests.
#[derive(Debug)]
pub struct Endpoint {
    /// The operations' state.
    pub service: Service,
    /// Who may make requests.
    pub principals: Principals,
}

/// The service. All paths of the API go through [`handle`], including unknown ones.
pub fn router(endpoint: Arc<Endpoint>) -> Router {
    Router::new().fallback(handle).with_state(endpoint)
}

/// Answers a request, with a request id, and logs it.
async fn handle(
    State(endpoint): State<Arc<Endpoint>>,
    Extension(standing): Extension<Standing>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    let id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let answered = async {
        let (claim, body) = body::read(claim(&endpoint, &parts), body).await?;
        let caller = authenticated(&standing, peer, claim, &body)?;
        answer(&endpoint, &caller, &parts, &body).await
    };
    let mut response = answered.await.map_or_else(ApiError::into_response, Answer::into_response);
    let status = response.status().as_u16();
    let error = response.headers().get(ERROR_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("-");
    tracing::info!(request_id = %id, method = %parts.method, path = parts.uri.path(), status, error, "handled a request");
    if let Some(InternalCause(cause)) = response.extensions().get() {
        tracing::error!(request_id = %id, "internal error: {cause}");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The walk of an authenticated request.
async fn answer(endpoint: &Endpoint, caller: &Caller, parts: &Parts, body: &Bytes) -> Result<Answer, ApiError> {
    let (operation, path) = route(parts)?;
    let query = canonical::query_pairs(parts.uri.query().unwrap_or_default());
    let parameters = Parameters::read(operation, path, query, body)?;
    let outcome = match checked(endpoint, caller, operation, &parameters, parts) {
        Ok(()) => (operation.run)(&endpoint.service, caller, parameters).await,
        Err(error) => Err(error),
    };
    outcome.map_err(|error| operation.documented(error))
}

/// Authorizes and validates a request. A caller who may not use the operation learns nothing of its parameters.
fn checked(
    endpoint: &Endpoint,
    caller: &Caller,
    operation: &'static Operation,
    parameters: &Parameters,
    parts: &Parts,
) -> Result<(), ApiError> {
    let validated = operation.validate(parameters);
    authorization::authorize(&endpoint.service, caller, operation, parameters, &parts.headers, validated.is_ok())?;
    validated
}

/// Checks who may use the body before it is kept: what the request claims, not yet its signature.
fn claim<'a>(endpoint: &Endpoint, parts: &'a Parts) -> Result<Claim<'a>, ApiError> {
    if parts.uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_TARGET) {
        return Err(ApiError::TooLarge("the path and query are longer than 16 KiB"));
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
fn authenticated(standing: &Standing, peer: Peer, claim: Claim<'_>, body: &Bytes) -> Result<Caller, ApiError> {
    let Authenticated { principal, region, .. } = claim.verify(body)?;
    if !standing.authenticate() {
        return Err(ApiError::Timeout);
    }
    let region = region.parse().map_err(|why: NameError| ApiError::Validation(why.to_string()))?;
    Ok(Caller::authenticated(principal, region, peer.0))
}

/// The operation of a method and path, with the values of the path's parameters.
fn route(parts: &Parts) -> Result<(&'static Operation, PathValues), ApiError> {
    let path = parts.uri.path();
    let found = OPERATIONS.iter().find_map(|operation| Some((operation, operation.matches(&parts.method, path)?)));
    found.ok_or_else(|| ApiError::UnknownOperation(format!("{} {path}", parts.method)))
}
