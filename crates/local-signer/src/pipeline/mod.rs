//! The steps of a request, in order: identify, read, authenticate, route, read the parameters, validate, run, answer.
//!
//! Each step is a function with a result; the first error ends the walk and becomes the answer. The operation table
//! ([`crate::operations::OPERATIONS`]) says everything about an operation that a step needs to know.

mod answer;
mod body;

use std::sync::Arc;

use aws_names::{AccountId, NameError};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Request, State};
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use time::OffsetDateTime;

use self::answer::{ERROR_TYPE, InternalCause, REQUEST_ID};
use crate::auth::{authenticate, canonical, check_claim};
use crate::caller::Caller;
use crate::credentials::Credentials;
use crate::error::ApiError;
use crate::model::{Answer, Operation, Parameters, PathValues};
use crate::operations::{OPERATIONS, Service};
use crate::strangers::Standing;

const MAX_TARGET: usize = 16 * 1024;

/// The state shared by all requests.
#[derive(Debug)]
pub struct Endpoint {
    /// The operations' state.
    pub service: Service,
    /// The access keys that requests must be signed with.
    pub credentials: Credentials,
    /// The account of the access keys.
    pub account: AccountId,
}

/// The service. All paths of the API go through [`handle`], including unknown ones.
pub fn router(endpoint: Arc<Endpoint>) -> Router {
    Router::new().fallback(handle).with_state(endpoint)
}

/// Answers a request, with a request id, and logs it.
async fn handle(
    State(endpoint): State<Arc<Endpoint>>,
    Extension(standing): Extension<Standing>,
    request: Request,
) -> Response {
    let id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let answered = async {
        let body = body::read(&endpoint, &parts, body).await?;
        answer(&endpoint, &standing, &parts, &body).await
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

/// The walk of a request whose body has been read.
async fn answer(endpoint: &Endpoint, standing: &Standing, parts: &Parts, body: &Bytes) -> Result<Answer, ApiError> {
    let caller = authenticated(endpoint, standing, parts, body)?;
    let (operation, path) = route(parts)?;
    let query = canonical::query_pairs(parts.uri.query().unwrap_or_default());
    let parameters = Parameters::read(operation, path, query, body)?;
    let checked = operation.validate(&parameters);
    let outcome = match checked {
        Ok(()) => (operation.run)(&endpoint.service, &caller, parameters).await,
        Err(error) => Err(error),
    };
    outcome.map_err(|error| operation.documented(error))
}

/// Checks who may use the body before it is kept: the claim of the header, not yet the signature.
fn claim(endpoint: &Endpoint, parts: &Parts) -> Result<(), ApiError> {
    if parts.uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_TARGET) {
        return Err(ApiError::TooLarge("the path and query are longer than 16 KiB"));
    }
    Ok(check_claim(&parts.headers, &endpoint.credentials, OffsetDateTime::now_utc())?)
}

/// Verifies the signature of the request.
fn authenticated(endpoint: &Endpoint, standing: &Standing, parts: &Parts, body: &Bytes) -> Result<Caller, ApiError> {
    let signed = canonical::Request {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body,
    };
    let region = authenticate(&signed, &endpoint.credentials, OffsetDateTime::now_utc())?;
    if !standing.authenticate() {
        return Err(ApiError::Timeout);
    }
    let region = region.parse().map_err(|why: NameError| ApiError::Validation(why.to_string()))?;
    Ok(Caller::new(region, endpoint.account.clone()))
}

/// The operation of a method and path, with the values of the path's parameters.
fn route(parts: &Parts) -> Result<(&'static Operation, PathValues), ApiError> {
    let path = parts.uri.path();
    let found = OPERATIONS.iter().find_map(|operation| Some((operation, operation.matches(&parts.method, path)?)));
    found.ok_or_else(|| ApiError::UnknownOperation(format!("{} {path}", parts.method)))
}
