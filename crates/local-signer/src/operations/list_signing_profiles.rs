//! `ListSigningProfiles`: lists the profiles of the caller's account and region, by name.

use axum::http::Method;
use serde::Deserialize;

use super::Service;
use super::listing::{Listing, Object};
use super::row::{Answer, Operation};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Parameters, Quota, Shape, shapes};
use crate::page_tokens::List;
use crate::platforms;
use crate::store::{ListedProfile, ProfileFilter, ProfileStatus};

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
    run: |service, caller, parameters| Box::pin(async move { run(service, caller, parameters) }),
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

/// Lists profiles. Without `statuses`, only active ones are listed, or with `includeCanceled` those of every status.
/// With `statuses`, the list has exactly these statuses.
///
/// # Errors
/// Returns [`ApiError::Validation`] for a token of another list.
pub fn run(service: &Service, caller: &Caller, parameters: Parameters) -> Result<Answer, ApiError> {
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
    let mut page = Listing::new("profiles");
    let arns = format!("{}/signing-profiles/", caller.location());
    let now = service.clock.now();
    let next = service.store.profiles(caller.location(), &filter, after.as_deref(), limit, now, |profile| {
        page.push(|item| write(item, profile, &arns));
    })?;
    Ok(page.finish(next.map(|next| tokens.seal(&list, &next)).transpose()?.as_deref()))
}

/// Writes a `SigningProfile` of the API. Its ARN is `arns` and its name.
fn write(item: &mut Object<'_>, profile: &ListedProfile<'_>, arns: &str) {
    let version_arn = [arns, profile.name, "/", profile.version].concat();
    let arn = &version_arn[..arns.len() + profile.name.len()];
    item.text("profileName", profile.name);
    item.text("profileVersion", profile.version);
    item.text("profileVersionArn", &version_arn);
    signing_material(item, profile.signing_material);
    item.object("signatureValidityPeriod", |item| {
        item.number("value", profile.validity.value.into());
        item.plain("type", profile.validity.unit.name());
    });
    item.text("platformId", profile.platform_id);
    item.text("platformDisplayName", platforms::display_name(profile.platform_id));
    item.json("signingParameters", profile.signing_parameters);
    item.plain("status", profile.status.name());
    item.text("arn", arn);
    item.json("tags", profile.tags);
}

/// Writes `SigningMaterial`: the ARN of the certificate that the profile signs with. AWS writes `{}` if there is none.
pub(super) fn signing_material(item: &mut Object<'_>, certificate_arn: Option<&str>) {
    item.object("signingMaterial", |item| {
        if let Some(arn) = certificate_arn {
            item.text("certificateArn", arn);
        }
    });
}
