//! Why a signing job failed. The text is the `statusReason` of the job.
//!
//! AWS documents that the signing of a zip file fails if it is empty, signed or malformed, but not the texts.

use std::time::Duration;

use code_signing::image::ImageError;
use code_signing::zip::ZipError;

use crate::buckets::BucketError;
use crate::ca::CaError;
use crate::certificates::CertificatesError;

/// A job that failed.
#[derive(Debug, thiserror::Error)]
pub enum JobFailure {
    /// The profile was canceled or revoked since the job was started.
    #[error("The signing profile is canceled or revoked.")]
    ProfileNotActive,
    /// The platform of the job is not one that signs objects.
    #[error("The signing platform {0} does not sign objects.")]
    Platform(String),
    /// The source object cannot be read.
    #[error("The source object cannot be read: {0}.")]
    Source(BucketError),
    /// The signed object cannot be written.
    #[error("The signed object cannot be written: {0}.")]
    Destination(BucketError),
    /// The zip file cannot be signed.
    #[error("Signing failed: {0}.")]
    Zip(#[from] ZipError),
    /// The image cannot be signed.
    #[error("Signing failed: {0}.")]
    Image(#[from] ImageError),
    /// The signing certificate was not imported.
    #[error("The signing certificate {0} does not exist.")]
    NoCertificate(String),
    /// The signing certificate is not valid now.
    #[error("The signing certificate {0} is not valid at this time.")]
    CertificateValidity(String),
    /// The signing certificate cannot be used.
    #[error("The signing certificate cannot be used: {0}.")]
    Certificate(#[from] CertificatesError),
    /// It did not finish in time.
    #[error("The signing job did not finish within {} seconds.", .0.as_secs_f64())]
    Late(Duration),
    /// The local signer failed.
    #[error("An internal error occurred.")]
    Internal(String),
    /// The local signer is being stopped. The job runs again at the next start.
    #[error("The local signer is being stopped.")]
    Stopped,
}

impl From<CaError> for JobFailure {
    fn from(why: CaError) -> Self {
        Self::Internal(why.to_string())
    }
}
