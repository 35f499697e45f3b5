//! Signing platforms: `ListSigningPlatforms` and `GetSigningPlatform` of the AWS Signer API Reference.

use aws_sdk_signer::types::{SigningConfiguration, SigningImageFormat};
use limits::Deadline;

use super::client::SignerClient;
use super::error::CallError;
use super::members::{invalid, required, text};
use super::pages::{Extent, Listed, Pages};

/// A signing platform: what is signed, and with which algorithms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningPlatform {
    /// The id, such as `Notation-OCI-SHA384-ECDSA`.
    pub id: String,
    /// The name for people.
    pub name: Option<String>,
    /// The partner.
    pub partner: Option<String>,
    /// The target.
    pub target: Option<String>,
    /// The category, such as `AWSIoT`.
    pub category: Option<String>,
    /// The encryption algorithms.
    pub encryption_algorithms: Option<Choice>,
    /// The hash algorithms.
    pub hash_algorithms: Option<Choice>,
    /// The formats of signed images.
    pub image_formats: Option<Choice>,
    /// The largest size that is signed, in MB.
    pub max_size_mb: i32,
    /// Whether signatures can be revoked.
    pub revocation_supported: bool,
}

/// The values of a parameter that a platform accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The value that applies unless a signing profile overrides it.
    pub default: String,
    /// All values.
    pub allowed: Vec<String>,
}

/// Which signing platforms to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlatformFilter {
    /// Only platforms of this category.
    pub category: Option<String>,
    /// Only platforms of this partner.
    pub partner: Option<String>,
    /// Only platforms with this target.
    pub target: Option<String>,
}

/// Lists the signing platforms of the client's region.
///
/// # Errors
/// Returns [`CallError`] if a call fails.
pub async fn list_signing_platforms(
    client: &SignerClient,
    filter: &PlatformFilter,
    extent: Extent,
) -> Result<Listed<SigningPlatform>, CallError> {
    const OPERATION: &str = "ListSigningPlatforms";
    let mut pages = Pages::new(extent.limit);
    while !pages.is_complete() {
        let request = client
            .sdk()
            .list_signing_platforms()
            .set_category(filter.category.clone())
            .set_partner(filter.partner.clone())
            .set_target(filter.target.clone())
            .max_results(pages.size())
            .set_next_token(pages.token());
        let answer = client.call(OPERATION, Deadline::new(extent.budget), request.send()).await?;
        let platform = |platform: aws_sdk_signer::types::SigningPlatform| {
            Ok(SigningPlatform {
                id: required("platformId", platform.platform_id)?,
                name: text(platform.display_name),
                partner: text(platform.partner),
                target: text(platform.target),
                category: text(platform.category.map(|category| category.as_str().to_owned())),
                encryption_algorithms: encryption(platform.signing_configuration.as_ref()),
                hash_algorithms: hash(platform.signing_configuration.as_ref()),
                image_formats: formats(platform.signing_image_format.as_ref()),
                max_size_mb: platform.max_size_in_mb,
                revocation_supported: platform.revocation_supported,
            })
        };
        let page = answer.platforms.unwrap_or_default().into_iter().map(platform);
        let page = page.collect::<Result<_, String>>();
        let added = page.and_then(|page| pages.add(page, answer.next_token));
        added.map_err(|why| invalid(client, OPERATION, why))?;
    }
    Ok(pages.listed())
}

/// Returns a signing platform.
///
/// # Errors
/// Returns [`CallError`] if the call fails, for example because there is no such platform.
pub async fn signing_platform(
    client: &SignerClient,
    id: &str,
    deadline: Deadline,
) -> Result<SigningPlatform, CallError> {
    const OPERATION: &str = "GetSigningPlatform";
    let request = client.sdk().get_signing_platform().platform_id(id);
    let answer = client.call(OPERATION, deadline, request.send()).await?;
    let id = required("platformId", answer.platform_id).map_err(|why| invalid(client, OPERATION, why))?;
    Ok(SigningPlatform {
        id,
        name: text(answer.display_name),
        partner: text(answer.partner),
        target: text(answer.target),
        category: text(answer.category.map(|category| category.as_str().to_owned())),
        encryption_algorithms: encryption(answer.signing_configuration.as_ref()),
        hash_algorithms: hash(answer.signing_configuration.as_ref()),
        image_formats: formats(answer.signing_image_format.as_ref()),
        max_size_mb: answer.max_size_in_mb,
        revocation_supported: answer.revocation_supported,
    })
}

fn encryption(configuration: Option<&SigningConfiguration>) -> Option<Choice> {
    let options = configuration?.encryption_algorithm_options()?;
    let allowed = options.allowed_values().iter().map(|value| value.as_str().to_owned());
    Some(Choice { default: options.default_value().as_str().to_owned(), allowed: allowed.collect() })
}

fn hash(configuration: Option<&SigningConfiguration>) -> Option<Choice> {
    let options = configuration?.hash_algorithm_options()?;
    let allowed = options.allowed_values().iter().map(|value| value.as_str().to_owned());
    Some(Choice { default: options.default_value().as_str().to_owned(), allowed: allowed.collect() })
}

fn formats(format: Option<&SigningImageFormat>) -> Option<Choice> {
    let format = format?;
    let allowed = format.supported_formats().iter().map(|value| value.as_str().to_owned());
    Some(Choice { default: format.default_format().as_str().to_owned(), allowed: allowed.collect() })
}
