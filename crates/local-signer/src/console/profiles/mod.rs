//! The pages of signing profiles.

pub(super) mod cancel;
pub(super) mod create;
pub(super) mod details;
pub(super) mod list;
mod permissions;
pub(super) mod revoke;
pub(super) mod tags;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::reply::Failure;
use super::visit::Visit;

/// A profile, as `GetSigningProfile` and `ListSigningProfiles` answer it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    pub(super) profile_name: String,
    pub(super) profile_version: String,
    pub(super) profile_version_arn: String,
    pub(super) arn: String,
    pub(super) platform_id: String,
    pub(super) platform_display_name: String,
    pub(super) signature_validity_period: Validity,
    pub(super) status: String,
    #[serde(default)]
    pub(super) status_reason: Option<String>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) signing_material: Material,
    #[serde(default)]
    pub(super) overrides: Option<Value>,
    #[serde(default)]
    pub(super) signing_parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) revocation_record: Option<Revocation>,
}

/// The validity period of signatures.
#[derive(Debug, Deserialize)]
pub(super) struct Validity {
    value: u32,
    #[serde(rename = "type")]
    unit: String,
}

impl Validity {
    /// The period as words, such as `135 months`.
    pub(super) fn text(&self) -> String {
        let unit = self.unit.to_lowercase();
        let unit = if self.value == 1 { unit.trim_end_matches('s') } else { &unit };
        format!("{} {unit}", self.value)
    }
}

/// The certificate that a profile of a device platform signs with.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Material {
    #[serde(default)]
    pub(super) certificate_arn: Option<String>,
}

/// The revocation of a profile.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Revocation {
    pub(super) revocation_effective_from: f64,
    pub(super) revoked_at: f64,
    pub(super) revoked_by: String,
}

/// The profile with this name.
///
/// # Errors
/// Returns the error of `GetSigningProfile`.
pub(super) async fn profile(visit: &Visit<'_>, name: &str) -> Result<Profile, Failure> {
    Ok(visit.call("GetSigningProfile", json!({"profileName": name})).await?)
}
