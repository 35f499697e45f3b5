//! Signed images for IoT devices: AWS Signer's platforms for FreeRTOS and AWS IoT Device Management.
//!
//! The signed image is a JSON object with the signature and, in the format `JSONEmbedded`, the image itself in base64,
//! or, in `JSONDetached`, where the image is. AWS documents the object in "Creating and managing jobs" of the AWS IoT
//! developer guide, and with the OTA updates of FreeRTOS.

mod algorithm;
mod certificate;
mod key;
mod rsa_sha1;
mod signed;
#[cfg(test)]
mod tests;

pub use algorithm::{EncryptionAlgorithm, HashAlgorithm, SignatureName};
pub use certificate::{MaterialError, SigningMaterial, check_certificate};
pub use key::KeyError;
pub use signed::{ImageError, ImageFormat, ImageLocation, Payload, SignedImage, sign};
