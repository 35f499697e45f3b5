//! `GetSigningProfile`: describes a signing profile in any status.

use std::collections::BTreeMap;

use aws_names::ProfileArn;
use serde::Serialize;

use super::{PLATFORM_DISPLAY_NAME, Service, parameters};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::store::{ProfileRevocation, ProfileStatus};
use crate::validity::ValidityPeriod;

/// The operation's parameters.
#[derive(Debug, Default)]
pub struct Input {
    /// The name.
    pub profile_name: Option<String>,
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
    platform_id: String,
    platform_display_name: &'static str,
    signature_validity_period: ValidityPeriod,
    signing_parameters: BTreeMap<String, String>,
    status: ProfileStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
    tags: BTreeMap<String, String>,
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
        let revoked_at = revocation.revoked_at.unix_timestamp();
        Self { revocation_effective_from, revoked_at, revoked_by: revocation.revoked_by }
    }
}

/// Describes a profile of the caller's account.
///
/// # Errors
/// Returns [`ApiError::Validation`] for malformed parameters, [`ApiError::AccessDenied`] for another account's profile,
/// and [`ApiError::ResourceNotFound`] if the profile does not exist.
pub fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let name = parameters::profile_name(input.profile_name.as_deref())?;
    let location = parameters::owned_location(caller, "profileOwner", input.profile_owner.as_deref())?;
    let arn = ProfileArn::new(location.clone(), name);
    let profile = service
        .store
        .profile(&arn)?
        .ok_or_else(|| ApiError::ResourceNotFound(format!("The signing profile {arn} could not be found.")))?;
    Ok(Output {
        profile_name: arn.name().to_string(),
        profile_version: profile.arn.version().to_owned(),
        profile_version_arn: profile.arn.to_string(),
        arn: arn.to_string(),
        revocation_record: profile.revocation.map(RevocationRecord::from),
        platform_id: profile.platform_id,
        platform_display_name: PLATFORM_DISPLAY_NAME,
        signature_validity_period: profile.validity,
        signing_parameters: profile.signing_parameters,
        status: profile.status,
        status_reason: profile.status_reason,
        tags: profile.tags,
    })
}
