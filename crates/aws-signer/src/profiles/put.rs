//! `PutSigningProfile`.

use std::collections::BTreeMap;

use aws_names::{ProfileName, ProfileVersionArn};
use aws_sdk_signer::error::BuildError;
use aws_sdk_signer::types::SigningMaterial;
use limits::Deadline;
use notary::text::printable;

use super::SignatureValidity;
use crate::client::SignerClient;
use crate::error::CallError;
use crate::failure::Failure;
use crate::members::{invalid, required, sdk_pairs};
use crate::overrides::Overrides;

const OPERATION: &str = "PutSigningProfile";

/// A signing profile to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// The name. It can never be used again, not even after the profile was canceled.
    pub name: ProfileName,
    /// The signing platform, such as [`aws_names::NOTATION_PLATFORM`].
    pub platform: String,
    /// How long signatures are valid; AWS Signer's default is 135 months.
    pub validity: Option<SignatureValidity>,
    /// The ARN of a certificate in AWS Certificate Manager, for platforms that sign with the customer's certificate.
    pub signing_material: Option<String>,
    /// What differs from the platform's configuration.
    pub overrides: Overrides,
    /// The parameters of signing jobs.
    pub signing_parameters: BTreeMap<String, String>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// Creates a signing profile in the caller's account, in the client's region. Returns its first version.
///
/// # Errors
/// Returns [`CallError`] if the call fails, for example because the name is taken.
pub async fn put_signing_profile(
    client: &SignerClient,
    profile: &NewProfile,
    deadline: Deadline,
) -> Result<ProfileVersionArn, CallError> {
    let material = profile.signing_material.as_ref().map(|arn| SigningMaterial::builder().certificate_arn(arn).build());
    let failed = |why: BuildError| client.failed(OPERATION, Failure::Request(why.to_string()));
    let request = client
        .sdk()
        .put_signing_profile()
        .profile_name(profile.name.as_str())
        .platform_id(&profile.platform)
        .set_signature_validity_period(profile.validity.map(SignatureValidity::to_sdk))
        .set_signing_material(material.transpose().map_err(failed)?)
        .set_overrides(profile.overrides.to_sdk())
        .set_signing_parameters(sdk_pairs(&profile.signing_parameters))
        .set_tags(sdk_pairs(&profile.tags));
    let answer = client.call(OPERATION, deadline, request.send()).await?;
    let version = required("profileVersionArn", answer.profile_version_arn);
    let parsed = |version: String| version.parse().map_err(|why: aws_names::ArnError| printable(&why.to_string()));
    version.and_then(parsed).map_err(|why| invalid(client, OPERATION, why))
}
