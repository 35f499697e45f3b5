//! `GetSigningProfile`.

use aws_names::{AccountId, ProfileArn, ProfileName, ProfileVersionArn};
use aws_sdk_signer::operation::get_signing_profile::GetSigningProfileOutput;
use limits::Deadline;
use notary::text::printable;

use super::{ProfileRevocation, SignatureValidity, SigningProfile};
use crate::client::SignerClient;
use crate::error::CallError;
use crate::members::{invalid, pairs, required, text, time};
use crate::overrides::Overrides;

const OPERATION: &str = "GetSigningProfile";

/// Returns a signing profile.
///
/// # Errors
/// Returns [`CallError`] if the call fails, for example because the profile does not exist.
pub async fn signing_profile(
    client: &SignerClient,
    profile: &ProfileArn,
    deadline: Deadline,
) -> Result<SigningProfile, CallError> {
    let owner = profile.location().account();
    let answer = get(client, profile.name(), Some(owner), deadline).await?;
    let version = profile.clone().with_version(answer.profile_version().unwrap_or_default());
    let version = version.map_err(|why| invalid(client, OPERATION, printable(&why.to_string())))?;
    checked(version, answer).map_err(|why| invalid(client, OPERATION, why))
}

/// Returns a signing profile of the caller's account, in the client's region. Its ARN tells the account.
///
/// # Errors
/// Returns [`CallError`] if the call fails, for example because the account has no such profile.
pub async fn own_signing_profile(
    client: &SignerClient,
    name: &ProfileName,
    deadline: Deadline,
) -> Result<SigningProfile, CallError> {
    let answer = get(client, name, None, deadline).await?;
    let wrong = |why: String| invalid(client, OPERATION, why);
    let arn = required("arn", answer.arn.clone()).map_err(wrong)?;
    let arn: ProfileArn = arn.parse().map_err(|why: aws_names::ArnError| wrong(printable(&why.to_string())))?;
    if arn.name() != name || arn.location().region() != client.region() {
        return Err(wrong(format!("it is of the profile {arn}, not of {name} in {}", client.region())));
    }
    let version = arn.with_version(answer.profile_version().unwrap_or_default());
    let version = version.map_err(|why| wrong(printable(&why.to_string())))?;
    checked(version, answer).map_err(|why| invalid(client, OPERATION, why))
}

async fn get(
    client: &SignerClient,
    name: &ProfileName,
    owner: Option<&AccountId>,
    deadline: Deadline,
) -> Result<GetSigningProfileOutput, CallError> {
    let request = client.sdk().get_signing_profile().profile_name(name.as_str());
    client.call(OPERATION, deadline, request.set_profile_owner(owner.map(ToString::to_string)).send()).await
}

fn checked(version: ProfileVersionArn, answer: GetSigningProfileOutput) -> Result<SigningProfile, String> {
    let validity = answer.signature_validity_period().map(SignatureValidity::from_sdk).transpose()?;
    let status = answer.status.as_ref().map(|status| status.as_str().to_owned());
    Ok(SigningProfile {
        version,
        validity,
        overrides: Overrides::from_sdk(answer.overrides()),
        revocation: answer.revocation_record().map(|record| ProfileRevocation {
            effective_time: time(record.revocation_effective_from()),
            revoked_at: time(record.revoked_at()),
            revoked_by: text(record.revoked_by().map(str::to_owned)),
        }),
        signing_material: text(answer.signing_material.map(|material| material.certificate_arn)),
        platform: printable(&required("platformId", answer.platform_id)?),
        platform_name: text(answer.platform_display_name),
        status: printable(&required("status", status)?),
        status_reason: text(answer.status_reason),
        signing_parameters: pairs(answer.signing_parameters),
        tags: pairs(answer.tags),
    })
}
