//! Answers and errors as HTTP responses.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::error::ApiError;
use crate::operations::Answer;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
pub(super) const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The cause of an internal error, passed to the log; the response must not contain it.
#[derive(Clone)]
pub(super) struct InternalCause(pub(super) String);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], self.into_body()).into_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let code = self.code();
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = [(CONTENT_TYPE, "application/json"), (ERROR_TYPE, code.name())];
        // IAM's refusals have another spelling at AWS, which clients with a parser of their own rely on.
        let member = if matches!(self, ApiError::NotAuthorized(_)) { "Message" } else { "message" };
        let mut body = json!({ member: self.to_string() });
        if let Some(detail) = self.detail() {
            body["code"] = detail.into();
        }
        let mut response = (status, headers, body.to_string()).into_response();
        if let Some(cause) = self.internal_cause() {
            response.extensions_mut().insert(InternalCause(cause));
        }
        response
    }
}
