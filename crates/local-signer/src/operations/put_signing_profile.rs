//! `PutSigningProfile`: creates a signing profile.

use std::collections::BTreeMap;

use aws_names::{NOTATION_PLATFORM, ProfileArn};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Service, parameters};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::store::{Profile, ProfileAdded, ProfileStatus};
use crate::validity::{ValidityPeriod, ValidityType};

/// The operation's parameters.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Input {
    /// The name, from the path.
    #[serde(skip)]
    pub profile_name: Option<String>,
    /// The platform.
    pub platform_id: Option<String>,
    /// The validity period of signatures.
    pub signature_validity_period: Option<Period>,
    /// The caller's own certificate; not supported by the platform.
    pub signing_material: Option<Value>,
    /// Other algorithms than the platform's; not supported by the platform.
    pub overrides: Option<Value>,
    /// The caller's signing parameters, not interpreted.
    pub signing_parameters: Option<BTreeMap<String, String>>,
    /// The tags.
    pub tags: Option<BTreeMap<String, String>>,
}

/// An unchecked validity period.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Period {
    /// The number of units.
    pub value: Option<i64>,
    /// The unit.
    #[serde(rename = "type")]
    pub unit: Option<String>,
}

/// The operation's result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    arn: String,
    profile_version: String,
    profile_version_arn: String,
}

/// Creates a profile in the caller's account.
///
/// # Errors
/// Returns [`ApiError::Validation`] for invalid parameters and if the name is taken.
pub fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let name = parameters::profile_name(input.profile_name.as_deref())?;
    parameters::platform_id(input.platform_id.as_deref())?;
    // The platform signs with AWS's certificates and algorithms only.
    if input.signing_material.is_some_and(|value| !value.is_null()) {
        return Err(parameters::invalid(
            "signingMaterial",
            &format!("{NOTATION_PLATFORM} does not support signing material"),
        ));
    }
    if input.overrides.is_some_and(|value| !value.is_null()) {
        return Err(parameters::invalid("overrides", &format!("{NOTATION_PLATFORM} does not support overrides")));
    }
    let validity = input.signature_validity_period.map_or(Ok(ValidityPeriod::DEFAULT), validity)?;
    let tags = checked_tags(input.tags.unwrap_or_default())?;

    let arn = ProfileArn::new(caller.location().clone(), name);
    let profile = Profile {
        arn: arn.clone().with_version(&new_version())?,
        platform_id: NOTATION_PLATFORM.to_owned(),
        validity,
        signing_parameters: input.signing_parameters.unwrap_or_default(),
        tags,
        created_at: service.clock.now(),
        status: ProfileStatus::Active,
        status_reason: None,
        revocation: None,
    };
    match service.store.add_profile(&profile)? {
        ProfileAdded::Added => Ok(Output {
            arn: arn.to_string(),
            profile_version: profile.arn.version().to_owned(),
            profile_version_arn: profile.arn.to_string(),
        }),
        // This operation has no ConflictException. A name stays taken after its profile was canceled or revoked: on
        // AWS, tools that create profiles under fixed names collide with canceled ones.
        ProfileAdded::NameTaken => Err(ApiError::Validation(format!(
            "A signing profile named {} already exists in this account and region, possibly canceled or revoked; choose \
             another name",
            arn.name()
        ))),
    }
}

/// Checks a validity period. The limit of AWS is 135 months; the limits for days and years stay below that.
fn validity(period: Period) -> Result<ValidityPeriod, ApiError> {
    let name = parameters::required("signatureValidityPeriod.type", period.unit)?;
    let unit = ValidityType::from_name(&name).ok_or_else(|| {
        let rule = "Member must satisfy enum value set: [DAYS, MONTHS, YEARS]";
        parameters::invalid("signatureValidityPeriod.type", rule)
    })?;
    let most = match unit {
        ValidityType::Days => 135 * 30,
        ValidityType::Months => 135,
        ValidityType::Years => 135 / 12,
    };
    // The SDKs omit a value of zero, so treat an absent value as zero.
    let value = u32::try_from(period.value.unwrap_or(0)).ok().filter(|value| (1..=most).contains(value));
    let value = value.ok_or_else(|| {
        parameters::invalid("signatureValidityPeriod.value", &format!("Member must be from 1 to {most} {name}"))
    })?;
    Ok(ValidityPeriod { value, unit })
}

fn checked_tags(tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ApiError> {
    let fits = |text: &str, least: usize, most: usize| (least..=most).contains(&text.chars().count());
    let valid = tags
        .iter()
        .all(|(key, value)| fits(key, 1, 128) && !key.to_ascii_lowercase().starts_with("aws:") && fits(value, 0, 256));
    if valid && tags.len() <= 200 {
        return Ok(tags);
    }
    let rule = "at most 200 tags, keys of 1 to 128 characters that do not start with aws:, values of at most 256";
    Err(parameters::invalid("tags", rule))
}

/// Ten random letters and digits, enough to be unique.
fn new_version() -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bits = uuid::Uuid::new_v4().as_u128();
    // 122 bits of a UUID are random and ten letters need 60, so the fixed bits do not matter.
    let mut letter = || {
        let index = usize::try_from(bits % 62).unwrap_or(0);
        bits /= 62;
        char::from(ALPHABET[index])
    };
    (0..10).map(|_| letter()).collect()
}
