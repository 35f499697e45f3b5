//! A signed image: the JSON object that AWS Signer writes for IoT platforms.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::json;
use notary::json::JsonError;
use notary::text::start_of;
use notary::x509::Certificate;
use serde::{Deserialize, Serialize};

use super::algorithm::{EncryptionAlgorithm, HashAlgorithm, SignatureName};
use super::certificate::SigningMaterial;
use super::key;
use crate::content::{Content, Part, SignedContent};

/// Where the image is, for `JSONDetached`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageLocation {
    /// The name of the bucket.
    pub bucket_name: String,
    /// The key of the object.
    pub key: String,
    /// The version of the object.
    pub version: String,
}

/// A format of signed images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageFormat {
    /// `JSONEmbedded`: with the image in base64.
    Embedded,
    /// `JSONDetached`: with the place of the image.
    Detached(ImageLocation),
}

/// An image that is not signed, or a signed image that is not verified.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Reading the image failed.
    #[error("the image cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The image has no bytes.
    #[error("the image is empty")]
    Empty,
    /// The key of the certificate is of another type than the profile demands.
    #[error("the certificate has an {found} key, but the signing profile requires {expected}", found = found.as_str(), expected = expected.as_str())]
    KeyType {
        /// The type of the certificate's key.
        found: EncryptionAlgorithm,
        /// The required type.
        expected: EncryptionAlgorithm,
    },
    /// The key is broken, or there are no random numbers.
    #[error("signing with the certificate's key failed")]
    Signing,
    /// The file is not a signed image.
    #[error("not a signed image: {0}")]
    Json(#[from] JsonError),
    /// A member is not base64.
    #[error("not a signed image: {0} is not base64")]
    Base64(&'static str),
    /// The signature algorithm is unknown.
    #[error("unsupported signature algorithm {0:?}")]
    Algorithm(String),
    /// The file must have the image or its place.
    #[error("not a signed image: it must have either payload or payloadLocation")]
    Payload,
    /// The place of the image is stated, but not its content.
    #[error("the image is not in the file; it is version {version} of {key} in the bucket {bucket}", version = .0.version, key = .0.key, bucket = .0.bucket_name)]
    NoContent(Box<ImageLocation>),
    /// The image has another size than the file states.
    #[error("the image has {found} bytes, but {signed} were signed")]
    Size {
        /// The size in the file.
        signed: u64,
        /// The size of the image.
        found: u64,
    },
    /// The certificate's key is of another type than the signature's.
    #[error("the signature algorithm is {}, but the certificate has another type of key", .0.as_str())]
    OtherKey(SignatureName),
    /// The signature was not made with the certificate's key, or over another image.
    #[error("the signature does not verify with the certificate: the image was altered or signed with another key")]
    Signature,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    raw_payload_size: u64,
    signature: String,
    signature_algorithm: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_location: Option<Location<'a>>,
}

#[derive(Serialize)]
struct Location<'a> {
    s3: &'a ImageLocation,
}

/// Signs an image.
///
/// # Errors
/// Returns [`ImageError`] if the image is empty or unreadable, or the key of the material is not of the required type.
pub fn sign(
    content: &(impl Content + ?Sized),
    material: &SigningMaterial,
    algorithm: SignatureName,
    format: &ImageFormat,
) -> Result<SignedContent, ImageError> {
    if material.encryption() != algorithm.encryption {
        return Err(ImageError::KeyType { found: material.encryption(), expected: algorithm.encryption });
    }
    let size = content.size()?;
    if size == 0 {
        return Err(ImageError::Empty);
    }
    let digest = algorithm.hash.hash(content)?;
    let signature = material.key.sign(algorithm.hash, &digest).ok_or(ImageError::Signing)?;
    let (payload, payload_location) = match format {
        ImageFormat::Embedded => (Some(""), None),
        ImageFormat::Detached(location) => (None, Some(Location { s3: location })),
    };
    let head = Head {
        raw_payload_size: size,
        signature: STANDARD.encode(signature),
        signature_algorithm: algorithm.as_str(),
        payload,
        payload_location,
    };
    let mut head = serde_json::to_vec(&head).map_err(|_| ImageError::Signing)?;
    let parts = match format {
        ImageFormat::Detached(_) => vec![Part::Bytes(head)],
        // The image comes between the quotes at the end.
        ImageFormat::Embedded => {
            let tail = head.split_off(head.len() - 2);
            vec![Part::Bytes(head), Part::Base64(0..size), Part::Bytes(tail)]
        }
    };
    Ok(SignedContent::new(parts))
}

/// The image of a signed image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// The image itself.
    Embedded(Vec<u8>),
    /// Where it is.
    Detached(ImageLocation),
}

/// A signed image that is not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedImage {
    /// The size of the image in bytes, as stated.
    pub size: u64,
    /// The algorithm of the signature.
    pub algorithm: SignatureName,
    /// The image.
    pub payload: Payload,
    signature: Vec<u8>,
}

impl SignedImage {
    /// The most bytes of a file with a signed image: 16 MB in base64, and the signature.
    pub const MOST: u64 = 32 * 1024 * 1024;

    /// Parses a signed image. Members that are not known are an error.
    ///
    /// # Errors
    /// Returns [`ImageError`] if it is malformed.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut object = json::parse_small_object("image", bytes)?;
        let size = object.unsigned("rawPayloadSize")?;
        let signature = STANDARD.decode(object.string("signature")?).map_err(|_| ImageError::Base64("signature"))?;
        let name = object.string("signatureAlgorithm")?;
        let algorithm = SignatureName::from_name(&name).ok_or_else(|| ImageError::Algorithm(start_of(&name)))?;
        let payload = match (object.optional_string("payload")?, object.optional_object("payloadLocation")?) {
            (Some(payload), None) => {
                Payload::Embedded(STANDARD.decode(payload).map_err(|_| ImageError::Base64("payload"))?)
            }
            (None, Some(mut location)) => {
                let mut s3 = location.object("s3")?;
                let at = ImageLocation {
                    bucket_name: s3.string("bucketName")?,
                    key: s3.string("key")?,
                    version: s3.string("version")?,
                };
                s3.finish()?;
                location.finish()?;
                Payload::Detached(at)
            }
            _ => return Err(ImageError::Payload),
        };
        object.finish()?;
        Ok(Self { size, algorithm, payload, signature })
    }

    /// Verifies the signature with a certificate, which the caller trusts. `content` is the image if it is not in the
    /// file. Time and trust are not checked.
    ///
    /// # Errors
    /// Returns [`ImageError`] if the signature does not verify, or the image is missing.
    pub fn verify(&self, certificate: &Certificate, content: Option<&dyn Content>) -> Result<(), ImageError> {
        match (&self.payload, content) {
            (_, Some(content)) => self.verify_content(certificate, content),
            (Payload::Embedded(image), None) => self.verify_content(certificate, image.as_slice()),
            (Payload::Detached(location), None) => Err(ImageError::NoContent(Box::new(location.clone()))),
        }
    }

    fn verify_content(&self, certificate: &Certificate, content: &(impl Content + ?Sized)) -> Result<(), ImageError> {
        let found = content.size()?;
        if found != self.size {
            return Err(ImageError::Size { signed: self.size, found });
        }
        let key = certificate.public_key().ok_or(ImageError::OtherKey(self.algorithm))?;
        let is_rsa = matches!(key, notary::x509::PublicKey::Rsa { .. });
        if is_rsa != (self.algorithm.encryption == EncryptionAlgorithm::Rsa) {
            return Err(ImageError::OtherKey(self.algorithm));
        }
        let hash: HashAlgorithm = self.algorithm.hash;
        let digest = hash.hash(content)?;
        if key::verify(key, hash, &digest, &self.signature) { Ok(()) } else { Err(ImageError::Signature) }
    }
}
