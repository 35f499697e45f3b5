//! `ListSigningProfiles`.

use aws_sdk_signer::types::SigningProfileStatus;
use limits::Deadline;
use notary::text::printable;

use super::{SignatureValidity, SigningProfile};
use crate::client::SignerClient;
use crate::error::CallError;
use crate::members::{invalid, pairs, required, text};
use crate::overrides::Overrides;
use crate::pages::{Extent, Listed, Pages};

const OPERATION: &str = "ListSigningProfiles";

/// Which signing profiles to list. By default, those with the status `Active`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileFilter {
    /// Canceled profiles, too.
    pub include_canceled: bool,
    /// Only profiles of this signing platform.
    pub platform: Option<String>,
    /// Only profiles with one of these statuses, such as `Active`. Empty for the default.
    pub statuses: Vec<String>,
}

/// Lists the signing profiles of the caller's account in the client's region.
///
/// # Errors
/// Returns [`CallError`] if a call fails.
pub async fn list_signing_profiles(
    client: &SignerClient,
    filter: &ProfileFilter,
    extent: Extent,
) -> Result<Listed<SigningProfile>, CallError> {
    let statuses: Vec<_> = filter.statuses.iter().map(|status| SigningProfileStatus::from(status.as_str())).collect();
    let statuses = (!statuses.is_empty()).then_some(statuses);
    let mut pages = Pages::new(extent.limit);
    while !pages.is_complete() {
        let request = client
            .sdk()
            .list_signing_profiles()
            .set_include_canceled(filter.include_canceled.then_some(true))
            .set_platform_id(filter.platform.clone())
            .set_statuses(statuses.clone())
            .max_results(pages.size())
            .set_next_token(pages.token());
        let answer = client.call(OPERATION, Deadline::new(extent.budget), request.send()).await?;
        let page = answer.profiles.unwrap_or_default().into_iter().map(checked);
        let added = page.collect::<Result<_, _>>().and_then(|page| pages.add(page, answer.next_token));
        added.map_err(|why| invalid(client, OPERATION, why))?;
    }
    Ok(pages.listed())
}

fn checked(profile: aws_sdk_signer::types::SigningProfile) -> Result<SigningProfile, String> {
    let version = required("profileVersionArn", profile.profile_version_arn)?;
    let validity = profile.signature_validity_period.as_ref().map(SignatureValidity::from_sdk).transpose()?;
    let status = profile.status.map(|status| status.as_str().to_owned());
    Ok(SigningProfile {
        version: version.parse().map_err(|why: aws_names::ArnError| printable(&why.to_string()))?,
        platform: printable(&required("platformId", profile.platform_id)?),
        platform_name: text(profile.platform_display_name),
        status: printable(&required("status", status)?),
        status_reason: None,
        validity,
        signing_material: text(profile.signing_material.map(|material| material.certificate_arn)),
        overrides: Overrides::default(),
        signing_parameters: pairs(profile.signing_parameters),
        revocation: None,
        tags: pairs(profile.tags),
    })
}
