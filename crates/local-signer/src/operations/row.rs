//! A row of the operation table.

use std::borrow::Cow;
use std::pin::Pin;

use axum::http::Method;
use serde::Serialize;

use super::Service;
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{self, Member, Parameters, PathValues, Quota};

/// The JSON body of an answer; empty for an operation without results.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer(Vec<u8>);

impl Answer {
    /// The answer with `output` as JSON.
    ///
    /// # Errors
    /// Returns [`ApiError::Internal`] if `output` cannot be written as JSON.
    pub fn json(output: &impl Serialize) -> Result<Self, ApiError> {
        serde_json::to_vec(output).map(Self).map_err(|error| ApiError::Internal(error.to_string()))
    }

    /// The answer with this JSON text.
    #[must_use]
    pub(super) fn of(json: Vec<u8>) -> Self {
        Self(json)
    }

    /// The body.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.0
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0
    }
}

/// One request for an operation: who asks, and with which parameters.
pub type Call<'a> = Pin<Box<dyn Future<Output = Result<Answer, ApiError>> + Send + 'a>>;

/// An operation of the API.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The name, such as `PutSigningProfile`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path, with parameters in braces, such as `/signing-profiles/{profileName}`.
    pub path: &'static str,
    /// The parameters.
    pub parameters: &'static [Member],
    /// The errors that AWS documents for the operation.
    pub errors: &'static [ErrorCode],
    /// Whether it changes nothing.
    pub read_only: bool,
    /// The quota that it counts against.
    pub quota: Quota,
    /// How the local signer differs from AWS here, for the coverage page. Empty if no difference is known.
    pub differs: &'static str,
    /// Runs the operation.
    pub run: for<'a> fn(&'a Service, &'a Caller, Parameters) -> Call<'a>,
}

impl Operation {
    /// Reads the parameters of a request. `path` has the values of [`Operation::matches`].
    ///
    /// # Errors
    /// Returns [`ApiError::Serialization`] as [`Parameters::read`] does.
    pub fn read<'a>(
        &self,
        path: PathValues,
        query: impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)>,
        body: &[u8],
    ) -> Result<Parameters, ApiError> {
        Parameters::read(self.parameters, path, query, body)
    }

    /// Checks the parameters; the error lists all violated constraints.
    ///
    /// # Errors
    /// Returns [`ApiError::Validation`] if a required parameter is absent or a constraint is violated.
    pub fn validate(&self, parameters: &Parameters) -> Result<(), ApiError> {
        model::validate(self.parameters, parameters)
    }

    /// The error as AWS documents it for this operation: the tagging operations answer `BadRequestException` and
    /// `NotFoundException` where others answer `ValidationException` and `ResourceNotFoundException`.
    #[must_use]
    pub fn documented(&self, error: ApiError) -> ApiError {
        let has = |code| self.errors.contains(&code);
        match error {
            ApiError::Validation(message) if !has(ErrorCode::Validation) && has(ErrorCode::BadRequest) => {
                ApiError::BadRequest(message)
            }
            ApiError::ResourceNotFound(message) if !has(ErrorCode::ResourceNotFound) && has(ErrorCode::NotFound) => {
                ApiError::NotFound(message)
            }
            error => error,
        }
    }

    /// The values of the path's parameters, percent-decoded, if `path` is a path of this operation. An ARN at the end
    /// may contain slashes.
    #[must_use]
    pub fn matches(&self, method: &Method, path: &str) -> Option<PathValues> {
        if self.method != *method {
            return None;
        }
        let mut found = Vec::new();
        let mut rest = path.strip_prefix('/')?;
        let mut segments = self.path.split('/').skip(1).peekable();
        while let Some(segment) = segments.next() {
            let last = segments.peek().is_none();
            let label = segment.strip_prefix('{').and_then(|label| label.strip_suffix('}'));
            let (value, after) = match rest.split_once('/') {
                Some(_) if last && label == Some("resourceArn") => (rest, None),
                Some((value, after)) => (value, Some(after)),
                None => (rest, None),
            };
            match label {
                Some(label) => found.push((label, percent_encoding::percent_decode_str(value).collect())),
                None if value == segment => {}
                None => return None,
            }
            match (last, after) {
                (true, None) => return Some(found),
                (false, Some(after)) => rest = after,
                _ => return None,
            }
        }
        None
    }
}
