//! Why a call to S3 failed.

use std::io;

use aws_signer::Failure;
use notary::text::without_number;
use notary::{Disposition, ReasonCode};

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    /// The bucket does not exist.
    #[error("the bucket {0} does not exist")]
    NoBucket(String),
    /// The bucket is in another region than the signing profile.
    #[error("the bucket {bucket} is in the region {found}, not in {expected}; cross-region signing is not supported")]
    OtherRegion {
        /// The bucket.
        bucket: String,
        /// Its region, as far as S3 says it.
        found: String,
        /// The region of the profile.
        expected: String,
    },
    /// The bucket has no versions.
    #[error("versioning is not enabled on the bucket {0}")]
    NotVersioned(String),
    /// The object or this version of it does not exist.
    #[error("version {version} of {key} does not exist in the bucket {bucket}")]
    NoObject {
        /// The bucket.
        bucket: String,
        /// The key of the object.
        key: String,
        /// The version.
        version: String,
    },
    /// The object has more bytes than allowed.
    #[error("the object has {size} bytes, at most {most} are allowed")]
    TooLarge {
        /// Its size in bytes, as far as it was read.
        size: u64,
        /// The maximum.
        most: u64,
    },
    /// The object was not received as a whole.
    #[error("the object was not received as a whole: {0}")]
    Incomplete(String),
    /// The local file cannot be written or read.
    #[error("the temporary file cannot be used: {}", without_number(&.0.to_string()))]
    File(#[from] io::Error),
    /// Any other failure of a call.
    #[error("{operation} on the bucket {bucket} {failure}")]
    Failed {
        /// The operation of S3.
        operation: &'static str,
        /// The bucket.
        bucket: String,
        /// What happened.
        failure: Box<Failure>,
    },
}

impl S3Error {
    /// The kind of the failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::NoBucket(_) | Self::NoObject { .. } => ReasonCode::NotFound,
            Self::OtherRegion { .. } | Self::NotVersioned(_) => ReasonCode::Configuration,
            Self::TooLarge { .. } => ReasonCode::Unsupported,
            Self::Incomplete(_) => ReasonCode::Unreachable,
            Self::File(_) => ReasonCode::Internal,
            Self::Failed { failure, .. } => match failure.as_ref() {
                Failure::Refused { status: 403, .. } => ReasonCode::Denied,
                Failure::Refused { status: 429 | 503, .. } => ReasonCode::Throttled,
                Failure::Refused { status: 500.., .. } => ReasonCode::Unreachable,
                failure => failure.code(),
            },
        }
    }

    /// Whether a later attempt may succeed.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.code().disposition() == Disposition::Undetermined
    }

    /// The HTTP status of a refusal.
    pub(crate) fn status(&self) -> Option<u16> {
        let Self::Failed { failure, .. } = self else { return None };
        match failure.as_ref() {
            Failure::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// S3's error code of a refusal, such as `NoSuchKey`.
    pub(crate) fn aws_code(&self) -> Option<&str> {
        match self {
            Self::Failed { failure, .. } => failure.aws_code(),
            _ => None,
        }
    }
}
