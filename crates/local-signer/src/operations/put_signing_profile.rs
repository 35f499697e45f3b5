//! `PutSigningProfile`: creates a signing profile.

use std::collections::BTreeMap;

use aws_names::{Location, NOTATION_PLATFORM, ProfileArn};
use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::row::{Answer, Operation};
use super::{Service, parameters, tagging};
use crate::caller::Caller;
use crate::certificates::CertificateArn;
use crate::error::{ApiError, ErrorCode};
use crate::model::{Member, Quota, shapes};
use crate::platforms::{HashAlgorithm, Kind, Overrides, Platform};
use crate::store::{Profile, ProfileAdded, ProfileStatus};
use crate::validity::{ValidityPeriod, ValidityType};

/// The row of the operation table.
pub const OPERATION: Operation = Operation {
    name: "PutSigningProfile",
    method: Method::PUT,
    path: "/signing-profiles/{profileName}",
    parameters: &[
        Member::path("profileName", shapes::PROFILE_NAME),
        Member::body("signingMaterial", shapes::SIGNING_MATERIAL),
        Member::body("signatureValidityPeriod", shapes::VALIDITY_PERIOD),
        Member::body("platformId", shapes::TEXT).required(),
        Member::body("overrides", shapes::OVERRIDES),
        Member::body("signingParameters", shapes::SIGNING_PARAMETERS),
        Member::body("tags", shapes::TAG_MAP),
    ],
    errors: &[
        ErrorCode::ResourceNotFound,
        ErrorCode::AccessDenied,
        ErrorCode::Validation,
        ErrorCode::TooManyRequests,
        ErrorCode::InternalServiceError,
    ],
    read_only: false,
    quota: Quota::Standard,
    differs: "Device platforms take certificates that were imported into the local signer, not ACM's. AWS also lists \
              signer:TagResource as an action of a profile with tags; here only a Deny of it counts.",
    run: |service, caller, parameters| {
        Box::pin(async move { Answer::json(&run(service, caller, parameters.parse()?).await?) })
    },
};

/// The operation's parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The name.
    pub profile_name: String,
    /// The platform.
    pub platform_id: String,
    /// The validity period of signatures.
    pub signature_validity_period: Option<Period>,
    /// The caller's own certificate.
    pub signing_material: Option<Material>,
    /// Other algorithms or another format than the platform's defaults.
    pub overrides: Option<Overrides>,
    /// The caller's signing parameters, not interpreted.
    #[serde(default)]
    pub signing_parameters: BTreeMap<String, String>,
    /// The tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A validity period whose value is not checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Period {
    /// The number of units.
    pub value: Option<i64>,
    /// The unit.
    #[serde(rename = "type")]
    pub unit: Option<String>,
}

/// The caller's own certificate.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Material {
    /// The ARN of the certificate.
    pub certificate_arn: String,
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
pub async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, ApiError> {
    let name = parameters::profile_name(&input.profile_name)?;
    let platform = parameters::platform(&input.platform_id)?;
    check_overrides(platform, input.overrides.as_ref())?;
    let signing_material = signing_material(service, platform, caller.location(), &input)?;
    let validity = input.signature_validity_period.map_or(Ok(ValidityPeriod::DEFAULT), validity)?;
    if input.tags.len() > tagging::MAX_TAGS {
        return Err(parameters::invalid("tags", &format!("a signing profile has at most {} tags", tagging::MAX_TAGS)));
    }

    let arn = ProfileArn::new(caller.location().clone(), name);
    let version_arn = arn.clone().with_version(&new_version())?;
    let profile = Profile {
        arn: version_arn.clone(),
        platform_id: platform.id.to_owned(),
        validity,
        signing_parameters: input.signing_parameters,
        tags: input.tags,
        created_at: service.clock.now(),
        status: ProfileStatus::Active,
        status_reason: None,
        revocation: None,
        signing_material,
        overrides: input.overrides,
    };
    match service.store.add_profile(profile).await? {
        ProfileAdded::Added => Ok(Output {
            arn: arn.to_string(),
            profile_version: version_arn.version().to_owned(),
            profile_version_arn: version_arn.to_string(),
        }),
        // This operation has no ConflictException. A name stays taken after its profile was canceled or revoked: on
        // AWS, tools that create profiles under fixed names collide with canceled ones.
        ProfileAdded::NameTaken => {
            let error = ApiError::Validation(format!("Profile with name {} already exists", arn.name()));
            Err(error.with_detail("ProfileAlreadyExists"))
        }
    }
}

/// Checks the certificate: device platforms sign with the caller's own one, the others only with AWS's.
fn signing_material(
    service: &Service,
    platform: &Platform,
    location: &Location,
    input: &Input,
) -> Result<Option<String>, ApiError> {
    match (platform.kind, &input.signing_material) {
        (Kind::Device, None) => Err(ApiError::Validation("signing material cannot be null.".to_owned())),
        (Kind::Device, Some(material)) => {
            check_certificate(service, location, &material.certificate_arn)?;
            Ok(Some(material.certificate_arn.clone()))
        }
        (_, None) => Ok(None),
        (_, Some(_)) => Err(parameters::invalid(
            "signingMaterial",
            &format!("{} signs with certificates of AWS Signer, not with your own", platform.id),
        )),
    }
}

/// Checks that a certificate was imported in this account and region, and is valid. AWS accepts a key of any type here:
/// a job of the profile fails if the platform cannot sign with it.
fn check_certificate(service: &Service, location: &Location, arn: &str) -> Result<(), ApiError> {
    let here = format!("arn:{}:acm:{}:{}:", location.partition(), location.region(), location.account());
    let parsed: Option<CertificateArn> = arn.parse().ok().filter(|arn: &CertificateArn| arn.location() == location);
    let Some(parsed) = parsed else {
        let rule = format!("expected the ARN of a certificate of this account and region: {here}certificate/ID");
        return Err(parameters::invalid("signingMaterial.certificateArn", &rule));
    };
    let material = service.certificates.get(&parsed).map_err(|why| ApiError::Internal(why.to_string()))?;
    let refused = |why: String| ApiError::Validation(format!("The signing certificate {arn} {why}."));
    let material = material.ok_or_else(|| refused("could not be found".to_owned()))?;
    let certificate = material.certificate();
    let now = service.clock.now();
    if now < certificate.not_before() || now > certificate.not_after() {
        return Err(refused("is not valid at this time".to_owned()));
    }
    Ok(())
}

/// Checks that the platform supports the overrides.
fn check_overrides(platform: &Platform, overrides: Option<&Overrides>) -> Result<(), ApiError> {
    let Some(overrides) = overrides else { return Ok(()) };
    if platform.id == NOTATION_PLATFORM && *overrides != Overrides::default() {
        return Err(parameters::invalid("overrides", &format!("{} does not support overrides", platform.id)));
    }
    let unsupported = |member: &str| {
        Err(parameters::invalid(&format!("overrides.{member}"), &format!("not supported by {}", platform.id)))
    };
    let configuration = overrides.signing_configuration.unwrap_or_default();
    if configuration.encryption_algorithm.is_some_and(|wanted| !platform.encryption.contains(&wanted)) {
        return unsupported("signingConfiguration.encryptionAlgorithm");
    }
    if configuration.hash_algorithm.is_some_and(|wanted: HashAlgorithm| !platform.hashes.contains(&wanted)) {
        return unsupported("signingConfiguration.hashAlgorithm");
    }
    if overrides.signing_image_format.is_some_and(|wanted| !platform.formats.contains(&wanted)) {
        return unsupported("signingImageFormat");
    }
    Ok(())
}

/// Checks a validity period. The limit of AWS is 135 months; the limits for days and years stay below that.
fn validity(period: Period) -> Result<ValidityPeriod, ApiError> {
    let missing = || parameters::invalid("signatureValidityPeriod.type", "Member must not be null");
    let name = period.unit.ok_or_else(missing)?;
    let unit = ValidityType::from_name(&name).ok_or_else(missing)?;
    let most = match unit {
        ValidityType::Days => 135 * 30,
        ValidityType::Months => 135,
        ValidityType::Years => 135 / 12,
    };
    let value = period.value.and_then(|value| u32::try_from(value).ok()).filter(|value| (1..=most).contains(value));
    let value = value.ok_or_else(|| {
        // The SDKs omit a value of zero.
        let given = if period.value.is_some() { "" } else { "not be null, and " };
        let rule = format!("Member must {given}be from 1 to {most} {name}");
        parameters::invalid("signatureValidityPeriod.value", &rule)
    })?;
    Ok(ValidityPeriod { value, unit })
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
