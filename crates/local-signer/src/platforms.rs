//! The signing platforms of AWS Signer, as `ListSigningPlatforms` answers them.

use aws_names::NOTATION_PLATFORM;
use serde::{Deserialize, Serialize};

/// The platform of code for AWS Lambda.
pub const LAMBDA_PLATFORM: &str = "AWSLambda-SHA384-ECDSA";

/// An encryption algorithm: `EncryptionAlgorithm` in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EncryptionAlgorithm {
    /// RSA with PKCS #1 v1.5.
    Rsa,
    /// ECDSA.
    Ecdsa,
}

/// A hash algorithm: `HashAlgorithm` in the API. SHA-384 is not in AWS's model, but in the answers of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HashAlgorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

/// The format of a signed image: `ImageFormat` in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageFormat {
    /// Reserved by AWS.
    #[serde(rename = "JSON")]
    Json,
    /// The image is in the JSON object.
    #[serde(rename = "JSONEmbedded")]
    JsonEmbedded,
    /// The JSON object names the image.
    #[serde(rename = "JSONDetached")]
    JsonDetached,
}

/// Other algorithms or another format than a platform's defaults: `SigningPlatformOverrides` in the API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Overrides {
    /// Other algorithms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_configuration: Option<ConfigurationOverrides>,
    /// Another format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_image_format: Option<ImageFormat>,
}

/// Other algorithms: `SigningConfigurationOverrides` in the API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigurationOverrides {
    /// Another encryption algorithm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_algorithm: Option<EncryptionAlgorithm>,
    /// Another hash algorithm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_algorithm: Option<HashAlgorithm>,
}

/// The kind of code that a platform signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Payloads of the Notary Project, with `SignPayload`.
    Notation,
    /// Zip files for AWS Lambda, with `StartSigningJob` and AWS's certificates.
    Lambda,
    /// Images for devices, with `StartSigningJob` and the caller's own certificate.
    Device,
}

/// A signing platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// The id, such as `Notation-OCI-SHA384-ECDSA`.
    pub id: &'static str,
    /// The name for people.
    pub display_name: &'static str,
    /// The partner.
    pub partner: &'static str,
    /// The target.
    pub target: &'static str,
    /// What it signs.
    pub kind: Kind,
    /// The encryption algorithms; the first one is the default.
    pub encryption: &'static [EncryptionAlgorithm],
    /// The hash algorithms; the first one is the default.
    pub hashes: &'static [HashAlgorithm],
    /// The formats; the first one is the default.
    pub formats: &'static [ImageFormat],
    /// The largest object, in MB.
    pub max_size_in_mb: u32,
    /// Whether signatures can be revoked.
    pub revocation_supported: bool,
}

/// The category of all platforms: the only value in AWS's model. AWS itself answers `AWS`, which clients that check
/// enums refuse.
pub const CATEGORY: &str = "AWSIoT";

/// All platforms, in the order of their ids.
pub const PLATFORMS: &[Platform] = &[
    Platform {
        id: "AWSIoTDeviceManagement-SHA256-ECDSA",
        // AWS's name ends with a space.
        display_name: "AWS IoT Device Management SHA256-ECDSA ",
        partner: "AWSIoTDeviceManagement",
        target: "SHA256-ECDSA",
        kind: Kind::Device,
        encryption: &[EncryptionAlgorithm::Ecdsa],
        hashes: &[HashAlgorithm::Sha256],
        formats: &[ImageFormat::JsonDetached],
        max_size_in_mb: 2048,
        revocation_supported: false,
    },
    Platform {
        id: LAMBDA_PLATFORM,
        display_name: "AWS Lambda",
        partner: "AWSLambda",
        target: "SHA384-ECDSA",
        kind: Kind::Lambda,
        encryption: &[EncryptionAlgorithm::Ecdsa],
        hashes: &[HashAlgorithm::Sha384],
        formats: &[ImageFormat::JsonDetached],
        max_size_in_mb: 250,
        revocation_supported: true,
    },
    Platform {
        id: "AmazonFreeRTOS-Default",
        display_name: "Amazon FreeRTOS SHA256-ECDSA",
        partner: "AmazonFreeRTOS",
        target: "SHA256-ECDSA",
        kind: Kind::Device,
        encryption: &[EncryptionAlgorithm::Ecdsa, EncryptionAlgorithm::Rsa],
        hashes: &[HashAlgorithm::Sha256],
        formats: &[ImageFormat::JsonEmbedded, ImageFormat::JsonDetached],
        max_size_in_mb: 16,
        revocation_supported: false,
    },
    Platform {
        id: "AmazonFreeRTOS-TI-CC3220SF",
        display_name: "Amazon FreeRTOS SHA1-RSA CC3220SF-Format",
        partner: "AmazonFreeRTOS",
        target: "SHA1-RSA-TISHA1",
        kind: Kind::Device,
        encryption: &[EncryptionAlgorithm::Rsa],
        hashes: &[HashAlgorithm::Sha1],
        formats: &[ImageFormat::JsonEmbedded],
        max_size_in_mb: 16,
        revocation_supported: false,
    },
    Platform {
        id: NOTATION_PLATFORM,
        display_name: "Notation for container registries",
        partner: "Notation",
        target: "SHA384-ECDSA",
        kind: Kind::Notation,
        encryption: &[EncryptionAlgorithm::Ecdsa],
        hashes: &[HashAlgorithm::Sha384],
        formats: &[ImageFormat::JsonEmbedded],
        max_size_in_mb: 1,
        revocation_supported: true,
    },
];

/// The platform with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Platform> {
    PLATFORMS.iter().find(|platform| platform.id == id)
}

/// The name for people of a platform; its id if the local signer does not know it.
#[must_use]
pub fn display_name(id: &str) -> &str {
    find(id).map_or(id, |platform| platform.display_name)
}

/// A platform in the form of the API: `SigningPlatform`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningPlatform {
    platform_id: &'static str,
    display_name: &'static str,
    partner: &'static str,
    target: &'static str,
    category: &'static str,
    signing_configuration: SigningConfiguration,
    signing_image_format: SigningImageFormat,
    #[serde(rename = "maxSizeInMB")]
    max_size_in_mb: u32,
    revocation_supported: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SigningConfiguration {
    encryption_algorithm_options: Options<EncryptionAlgorithm>,
    hash_algorithm_options: Options<HashAlgorithm>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Options<T: 'static> {
    allowed_values: &'static [T],
    default_value: T,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SigningImageFormat {
    supported_formats: &'static [ImageFormat],
    default_format: ImageFormat,
}

impl From<&Platform> for SigningPlatform {
    fn from(platform: &Platform) -> Self {
        Self {
            platform_id: platform.id,
            display_name: platform.display_name,
            partner: platform.partner,
            target: platform.target,
            category: CATEGORY,
            signing_configuration: SigningConfiguration {
                encryption_algorithm_options: Options {
                    allowed_values: platform.encryption,
                    default_value: platform.encryption[0],
                },
                hash_algorithm_options: Options { allowed_values: platform.hashes, default_value: platform.hashes[0] },
            },
            signing_image_format: SigningImageFormat {
                supported_formats: platform.formats,
                default_format: platform.formats[0],
            },
            max_size_in_mb: platform.max_size_in_mb,
            revocation_supported: platform.revocation_supported,
        }
    }
}
