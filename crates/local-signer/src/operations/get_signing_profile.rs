//! `GetSigningProfile`: describes a signing profile in any status.

use std::collections::BTreeMap;

use aws_names::ProfileArn;
use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::row::{Answer, Operation};
use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};
use crate::platforms::{self, Overrides};
use crate::store::{Profile, ProfileRevocation, ProfileStatus};
use crate::validity::ValidityPeriod;

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "GetSigningProfile",
    method: Method::GET,
    path: "/signing-profiles/{profileName}",
    parameters: &[Member::path("profileName", shapes::PROFILE_NAME), Member::query("profileOwner", shapes::ACCOUNT_ID)],
    errors: &[
        ErrorCode::ResourceNotFound,
        ErrorCode::AccessDenied,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: true,
    quota: Quota::Standard,
    differs: "",
    run: |service, caller, parameters| {
        Box::pin(async move { Answer::json(&run(service, caller, parameters.parse()?)?) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The name.
    pub profile_name: String,
    /// The account that owns the profile; the caller's if absent.
    pub profile_owner: Option<String>,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    profile_name: String,
    profile_version: String,
    profile_version_arn: String,
    arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_record: Option<RevocationRecord>,
    signing_material: SigningMaterial,
    platform_id: String,
    platform_display_name: String,
    signature_validity_period: ValidityPeriod,
    #[serde(skip_serializing_if = "Option::is_none")]
    overrides: Option<Overrides>,
    signing_parameters: BTreeMap<String, String>,
    status: ProfileStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
    tags: BTreeMap<String, String>,
}

/// The caller's own signing certificate: `SigningMaterial`. AWS answers `{}` for profiles that have none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningMaterial {
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_arn: Option<String>,
}

impl From<Option<String>> for SigningMaterial {
    fn from(certificate_arn: Option<String>) -> Self {
        Self { certificate_arn }
    }
}

/// The revocation of the profile. Times are Unix seconds, as everywhere in the API's JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RevocationRecord {
    revocation_effective_from: f64,
    revoked_at: i64,
    revoked_by: String,
}

impl From<ProfileRevocation> for RevocationRecord {
    fn from(revocation: ProfileRevocation) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of any calendar time have fewer than 53 bits")]
        let revocation_effective_from = revocation.effective_from as f64 / 1000.0;
        let revoked_at = parameters::seconds(revocation.revoked_at);
        Self { revocation_effective_from, revoked_at, revoked_by: revocation.revoked_by }
    }
}

impl From<Profile> for Output {
    fn from(profile: Profile) -> Self {
        Self {
            profile_name: profile.arn.profile().name().to_string(),
            profile_version: profile.arn.version().to_owned(),
            profile_version_arn: profile.arn.to_string(),
            arn: profile.arn.profile().to_string(),
            revocation_record: profile.revocation.map(RevocationRecord::from),
            signing_material: profile.signing_material.into(),
            platform_display_name: platforms::display_name(&profile.platform_id).to_owned(),
            platform_id: profile.platform_id,
            signature_validity_period: profile.validity,
            overrides: profile.overrides,
            signing_parameters: profile.signing_parameters,
            status: profile.status,
            status_reason: profile.status_reason,
            tags: profile.tags,
        }
    }
}

/// Describes a profile.
///
/// # Errors
/// Returns [`ApiError::Validation`] for malformed parameters and [`ApiError::ResourceNotFound`] if the profile does not
/// exist.
pub fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let name = parameters::profile_name(&input.profile_name)?;
    let location = parameters::owned_location(caller, "profileOwner", input.profile_owner.as_deref())?;
    let arn = ProfileArn::new(location, name);
    let profile = service.store.profile(&arn, service.clock.now())?;
    profile.map(Output::from).ok_or_else(|| parameters::no_profile(&arn))
}
