//! `ListSigningProfiles`: lists the profiles of the caller's account and region, by name.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::Service;
use super::get_signing_profile::SigningMaterial;
use super::row::{Answer, Operation};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Parameters, Quota, Shape, shapes};
use crate::page_tokens::List;
use crate::platforms;
use crate::store::{Profile, ProfileFilter, ProfileStatus};
use crate::validity::ValidityPeriod;

const PAGE: usize = 25;

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "ListSigningProfiles",
    method: Method::GET,
    path: "/signing-profiles",
    parameters: &[
        Member::query("includeCanceled", Shape::Boolean),
        Member::query("maxResults", shapes::MAX_RESULTS),
        Member::query("nextToken", shapes::TEXT),
        Member::query("platformId", shapes::TEXT),
        Member::query("statuses", Shape::List { of: &shapes::PROFILE_STATUS, min: 0, max: 100 }),
    ],
    errors: &[ErrorCode::AccessDenied, ErrorCode::TooManyRequests, ErrorCode::InternalServiceError],
    read_only: true,
    quota: Quota::Standard,
    differs: "Profiles come in the order of their names; AWS documents no order.",
    run: |service, caller, parameters| Box::pin(async move { Answer::json(&run(service, caller, parameters)?) }),
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    #[serde(default)]
    include_canceled: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
    platform_id: Option<String>,
    #[serde(default)]
    statuses: Vec<ProfileStatus>,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    profiles: Vec<SigningProfile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SigningProfile {
    profile_name: String,
    profile_version: String,
    profile_version_arn: String,
    signing_material: SigningMaterial,
    signature_validity_period: ValidityPeriod,
    platform_id: String,
    platform_display_name: String,
    signing_parameters: BTreeMap<String, String>,
    status: ProfileStatus,
    arn: String,
    tags: BTreeMap<String, String>,
}

impl From<Profile> for SigningProfile {
    fn from(profile: Profile) -> Self {
        Self {
            profile_name: profile.arn.profile().name().to_string(),
            profile_version: profile.arn.version().to_owned(),
            profile_version_arn: profile.arn.to_string(),
            signing_material: profile.signing_material.into(),
            signature_validity_period: profile.validity,
            platform_display_name: platforms::display_name(&profile.platform_id).to_owned(),
            platform_id: profile.platform_id,
            signing_parameters: profile.signing_parameters,
            status: profile.status,
            arn: profile.arn.profile().to_string(),
            tags: profile.tags,
        }
    }
}

/// Lists profiles. Without `statuses`, only active ones are listed, or with `includeCanceled` those of every status.
/// With `statuses`, the list has exactly these statuses.
///
/// # Errors
/// Returns [`ApiError::Validation`] for a token of another list.
pub fn run(service: &Service, caller: &Caller, parameters: Parameters) -> Result<Output, ApiError> {
    let list = List::new(OPERATION.name, caller.location(), &parameters);
    let input: Input = parameters.parse()?;
    let statuses = match (input.statuses, input.include_canceled) {
        (statuses, false) if statuses.is_empty() => vec![ProfileStatus::Active],
        (statuses, _) => statuses,
    };
    let filter = ProfileFilter { statuses, platform_id: input.platform_id };
    let tokens = &service.page_tokens;
    let after: Option<String> = input.next_token.map(|token| tokens.open(&list, &token)).transpose()?;
    let limit = input.max_results.unwrap_or(PAGE);
    let page = service.store.profiles(caller.location(), &filter, after.as_deref(), limit, service.clock.now())?;
    Ok(Output {
        profiles: page.profiles.into_iter().map(SigningProfile::from).collect(),
        next_token: page.next.map(|next| tokens.seal(&list, &next)).transpose()?,
    })
}
