//! The routes of the AWS Signer API, and the steps between HTTP and the operations: limits, authentication, JSON,
//! errors.

use std::sync::Arc;
use std::time::Duration;

use aws_names::{AccountId, NameError};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Extension, Path, RawQuery, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::auth::{authenticate, canonical, check_claim};
use super::caller::Caller;
use super::credentials::Credentials;
use super::error::ApiError;
use super::operations::{
    Service, get_revocation_status, get_signing_profile, put_signing_profile, revoke_signature, revoke_signing_profile,
    sign_payload,
};
use super::strangers::Standing;

const MAX_BODY: usize = 1024 * 1024;
const MAX_TARGET: usize = 16 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

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

type Shared = State<Arc<Endpoint>>;

/// The routes of the service. Authentication comes before all of them, including unknown paths.
pub fn router(endpoint: Arc<Endpoint>) -> Router {
    Router::new()
        .route("/signing-profiles/{name}", put(put_profile).get(get_profile))
        .route("/signing-profiles/{name}/revoke", put(revoke_profile))
        .route("/signing-jobs/with-payload", post(sign))
        .route("/signing-jobs/{id}/revoke", put(revoke_job))
        .route("/revocations", get(revocations))
        .fallback(unknown_operation)
        .method_not_allowed_fallback(unknown_operation)
        .layer(from_fn_with_state(Arc::clone(&endpoint), authenticated))
        .layer(from_fn(identified))
        .with_state(endpoint)
}

async fn put_profile(
    State(endpoint): Shared,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let input = put_signing_profile::Input { profile_name: Some(name), ..parse(&body)? };
    json_answer(blocking(endpoint, move |service| put_signing_profile::run(service, &caller, input)).await?)
}

async fn get_profile(
    State(endpoint): Shared,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let profile_owner = Query::parse(query.as_deref()).single("profileOwner");
    let input = get_signing_profile::Input { profile_name: Some(name), profile_owner };
    json_answer(blocking(endpoint, move |service| get_signing_profile::run(service, &caller, input)).await?)
}

async fn revoke_profile(
    State(endpoint): Shared,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<(), ApiError> {
    let input = revoke_signing_profile::Input { profile_name: Some(name), ..parse(&body)? };
    blocking(endpoint, move |service| revoke_signing_profile::run(service, &caller, input)).await
}

async fn sign(
    State(endpoint): Shared,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let input: sign_payload::Input = parse(&body)?;
    json_answer(blocking(endpoint, move |service| sign_payload::run(service, &caller, input)).await?)
}

async fn revoke_job(
    State(endpoint): Shared,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<(), ApiError> {
    let input = revoke_signature::Input { job_id: Some(id), ..parse(&body)? };
    blocking(endpoint, move |service| revoke_signature::run(service, &caller, input)).await
}

async fn revocations(
    State(endpoint): Shared,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref());
    let input = get_revocation_status::Input {
        signature_timestamp: query.single("signatureTimestamp"),
        platform_id: query.single("platformId"),
        profile_version_arn: query.single("profileVersionArn"),
        job_arn: query.single("jobArn"),
        certificate_hashes: query.all("certificateHashes"),
    };
    json_answer(blocking(endpoint, move |service| get_revocation_status::run(service, &caller, input)).await?)
}

async fn unknown_operation(request: Request) -> ApiError {
    ApiError::UnknownOperation(format!("{} {}", request.method(), request.uri().path()))
}

/// Reads the body within the limits and verifies the signature of the request.
async fn authenticated(
    State(endpoint): Shared,
    Extension(standing): Extension<Standing>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    if parts.uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_TARGET) {
        return Err(ApiError::TooLarge("the path and query are longer than 16 KiB"));
    }
    let claim = check_claim(&parts.headers, &endpoint.credentials, OffsetDateTime::now_utc());
    let read = async {
        match &claim {
            Ok(()) => to_bytes(body, MAX_BODY).await.map_err(|_| BODY_TOO_LARGE),
            // The body of a stranger is read to its end, so that the client reads the answer, but it is not kept.
            Err(_) => discard(body).await.map(|()| Bytes::new()),
        }
    };
    let body = tokio::time::timeout(BODY_TIMEOUT, read).await.map_err(|_| ApiError::Timeout)??;
    claim?;
    let signed = canonical::Request {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &body,
    };
    let region = authenticate(&signed, &endpoint.credentials, OffsetDateTime::now_utc())?;
    if !standing.authenticate() {
        return Err(ApiError::Timeout);
    }
    let region = region.parse().map_err(|why: NameError| ApiError::Validation(why.to_string()))?;
    parts.extensions.insert(Caller::new(region, endpoint.account.clone()));
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

const BODY_TOO_LARGE: ApiError = ApiError::TooLarge("the body is incomplete or longer than 1 MiB");

async fn discard(mut body: Body) -> Result<(), ApiError> {
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        size += frame.map_err(|_| BODY_TOO_LARGE)?.data_ref().map_or(0, Bytes::len);
        if size > MAX_BODY {
            return Err(BODY_TOO_LARGE);
        }
    }
    Ok(())
}

/// Adds a request id to every response and logs it.
async fn identified(request: Request, next: Next) -> Response {
    let id = uuid::Uuid::new_v4().to_string();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    let error = response.headers().get(ERROR_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("-");
    tracing::info!(request_id = %id, %method, path, status, error, "handled a request");
    if let Some(InternalCause(cause)) = response.extensions().get() {
        tracing::error!(request_id = %id, "internal error: {cause}");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Runs an operation on a thread that may block, as it waits for the disk.
async fn blocking<T: Send + 'static>(
    endpoint: Arc<Endpoint>,
    operation: impl FnOnce(&Service) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(move || operation(&endpoint.service))
        .await
        .unwrap_or_else(|error| Err(ApiError::Internal(error.to_string())))
}

/// Parses the parameters in a body; an empty body has none.
fn parse<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, ApiError> {
    if body.is_empty() {
        return Ok(T::default());
    }
    // Parse an object first: serde would also read a struct from an array.
    serde_json::from_slice::<Map<String, Value>>(body)
        .and_then(|object| serde_json::from_value(Value::Object(object)))
        .map_err(|error| ApiError::Serialization(format!("the body is not valid JSON for this operation: {error}")))
}

fn json_answer(output: impl Serialize) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(&output).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// The decoded parameters of a query.
struct Query(Vec<(Vec<u8>, Vec<u8>)>);

impl Query {
    fn parse(query: Option<&str>) -> Self {
        Self(canonical::query_pairs(query.unwrap_or_default()).collect())
    }

    fn all(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(key, _)| key == name.as_bytes());
        // The operations reject the replacement character: no parameter's pattern allows it.
        named.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }

    fn single(&self, name: &str) -> Option<String> {
        self.all(name).into_iter().next()
    }
}

/// The cause of an internal error, passed to the log; the response must not contain it.
#[derive(Clone)]
struct InternalCause(String);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (code, status) = self.code_and_status();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = [(CONTENT_TYPE, "application/json"), (ERROR_TYPE, code)];
        let mut response = (status, headers, json!({ "message": self.to_string() }).to_string()).into_response();
        if let Some(cause) = self.internal_cause() {
            response.extensions_mut().insert(InternalCause(cause));
        }
        response
    }
}
