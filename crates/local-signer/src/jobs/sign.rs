//! Signing the code of a job, by its platform.

use std::fs::File;
use std::sync::Arc;

use code_signing::SignedContent;
use code_signing::image::{self, ImageFormat, ImageLocation, SignatureName, SigningMaterial};
use code_signing::lambda::{self, SignError};
use code_signing::zip::Limits;
use time::OffsetDateTime;

use super::failure::JobFailure;
use crate::ca::SigningIdentity;
use crate::certificates::CertificateArn;
use crate::operations::Service;
use crate::operations::sign_payload::envelope;
use crate::platforms::{self, EncryptionAlgorithm, HashAlgorithm, Kind, Platform};
use crate::store::Job;

/// How a job's code is signed: everything but the code.
pub(super) enum Plan {
    /// A zip file for AWS Lambda.
    Lambda {
        /// The job.
        job: Box<Job>,
        /// The signing certificate and its key.
        identity: Arc<SigningIdentity>,
    },
    /// An image for a device.
    Device {
        /// The certificate with its key.
        material: Box<SigningMaterial>,
        /// The algorithms.
        algorithm: SignatureName,
        /// The format.
        format: ImageFormat,
    },
}

impl Plan {
    /// The plan for a job.
    pub(super) fn of(
        service: &Service,
        job: &Job,
        platform: &Platform,
        now: OffsetDateTime,
    ) -> Result<Self, JobFailure> {
        if platform.kind == Kind::Lambda {
            let identity = service.ca.signing_identity(job.created_at)?;
            return Ok(Self::Lambda { job: Box::new(job.clone()), identity });
        }
        let arn = job.signing_material.clone().unwrap_or_default();
        let parsed: Option<CertificateArn> = arn.parse().ok();
        let material = parsed.map(|arn| service.certificates.get(&arn)).transpose()?.flatten();
        let material = material.ok_or_else(|| JobFailure::NoCertificate(arn.clone()))?;
        let certificate = material.certificate();
        if now < certificate.not_before() || now > certificate.not_after() {
            return Err(JobFailure::CertificateValidity(arn));
        }
        let (algorithm, format) = algorithms(platform, job)?;
        Ok(Self::Device { material: Box::new(material), algorithm, format })
    }
}

/// The algorithms and the format of an image: the platform's, or those of the profile's overrides.
fn algorithms(platform: &Platform, job: &Job) -> Result<(SignatureName, ImageFormat), JobFailure> {
    let overrides = job.overrides.unwrap_or_default();
    let unsupported = || JobFailure::Platform(platform.id.to_owned());
    let configuration = overrides.signing_configuration.unwrap_or_default();
    let encryption = encryption_of(platform, configuration.encryption_algorithm);
    let hash = match configuration.hash_algorithm.or(platform.hashes.first().copied()).ok_or_else(unsupported)? {
        HashAlgorithm::Sha1 => image::HashAlgorithm::Sha1,
        HashAlgorithm::Sha256 => image::HashAlgorithm::Sha256,
        HashAlgorithm::Sha384 => return Err(unsupported()),
    };
    let source = job.source.as_ref().ok_or_else(unsupported)?;
    let format = match overrides.signing_image_format.or(platform.formats.first().copied()).ok_or_else(unsupported)? {
        platforms::ImageFormat::JsonEmbedded => ImageFormat::Embedded,
        platforms::ImageFormat::JsonDetached => ImageFormat::Detached(ImageLocation {
            bucket_name: source.bucket_name.clone(),
            key: source.key.clone(),
            version: source.version.clone(),
        }),
        platforms::ImageFormat::Json => return Err(unsupported()),
    };
    Ok((SignatureName { hash, encryption }, format))
}

/// The type of key that a profile of a platform signs with.
pub fn encryption_of(platform: &Platform, wanted: Option<EncryptionAlgorithm>) -> image::EncryptionAlgorithm {
    match wanted.or(platform.encryption.first().copied()) {
        Some(EncryptionAlgorithm::Rsa) => image::EncryptionAlgorithm::Rsa,
        Some(EncryptionAlgorithm::Ecdsa) | None => image::EncryptionAlgorithm::Ecdsa,
    }
}

/// Signs the code. It blocks: the code is read and hashed.
pub(super) fn sign(plan: &Plan, code: &File) -> Result<SignedContent, JobFailure> {
    match plan {
        Plan::Device { material, algorithm, format } => Ok(image::sign(code, material, *algorithm, format)?),
        Plan::Lambda { job, identity } => {
            let expires_at = job.expires_at.unwrap_or(job.created_at);
            let seal = |payload: &[u8]| envelope(payload, job, expires_at, identity);
            lambda::sign(code, &Limits::LAMBDA, job.created_at, seal).map_err(|why| match why {
                SignError::Zip(why) => why.into(),
                SignError::Signing(why) => JobFailure::Internal(why.internal_cause().unwrap_or_default()),
                why => JobFailure::Internal(why.to_string()),
            })
        }
    }
}
