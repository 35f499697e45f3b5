//! `ListSigningPlatforms`: lists the signing platforms.

use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::Service;
use super::row::{Answer, Operation};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Parameters, Quota, shapes};
use crate::page_tokens::List;
use crate::platforms::{CATEGORY, PLATFORMS, Platform, SigningPlatform};

const PAGE: usize = 25;

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "ListSigningPlatforms",
    method: Method::GET,
    path: "/signing-platforms",
    parameters: &[
        Member::query("category", shapes::TEXT),
        Member::query("partner", shapes::TEXT),
        Member::query("target", shapes::TEXT),
        Member::query("maxResults", shapes::MAX_RESULTS),
        Member::query("nextToken", shapes::TEXT),
    ],
    errors: &[
        ErrorCode::Validation,
        ErrorCode::AccessDenied,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: true,
    quota: Quota::Standard,
    differs: "The category is `AWSIoT` for all platforms, the only value in the model; AWS answers `AWS`.",
    run: |service, caller, parameters| Box::pin(async move { Answer::json(&run(service, caller, parameters)?) }),
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    category: Option<String>,
    partner: Option<String>,
    target: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    platforms: Vec<SigningPlatform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// Lists the platforms that pass all filters, by id.
///
/// # Errors
/// Returns [`ApiError::Validation`] for a token of another list.
pub fn run(service: &Service, caller: &Caller, parameters: Parameters) -> Result<Output, ApiError> {
    let list = List::new(OPERATION.name, caller.location(), &parameters);
    let input: Input = parameters.parse()?;
    let tokens = &service.page_tokens;
    let after: Option<String> = input.next_token.map(|token| tokens.open(&list, &token)).transpose()?;
    let is = |filter: &Option<String>, value: &str| filter.as_deref().is_none_or(|filter| filter == value);
    let mut found = PLATFORMS
        .iter()
        .filter(|_| is(&input.category, CATEGORY))
        .filter(|platform| is(&input.partner, platform.partner) && is(&input.target, platform.target))
        .filter(|platform| after.as_deref().is_none_or(|after| platform.id > after));
    let page: Vec<&Platform> = found.by_ref().take(input.max_results.unwrap_or(PAGE)).collect();
    let next = page.last().filter(|_| found.next().is_some());
    Ok(Output {
        next_token: next.map(|last| tokens.seal(&list, &last.id)).transpose()?,
        platforms: page.into_iter().map(SigningPlatform::from).collect(),
    })
}
