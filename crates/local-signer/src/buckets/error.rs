//! Why an object could not be read or written.

use std::io;

use notary::text::without_number;
use s3::S3Error;

/// An object that was not read or written. The text becomes the reason of the job's status.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// S3 failed.
    #[error(transparent)]
    S3(#[from] S3Error),
    /// The configuration has no such bucket, and S3 cannot be asked.
    #[error(
        "the local signer has no bucket {0}: its configuration names no folder for it in `buckets`, and it has no AWS \
         credentials for Amazon S3"
    )]
    NoCredentials(String),
    /// The folder that plays the bucket does not exist.
    #[error("the bucket {0} does not exist: its folder is missing")]
    NoBucket(String),
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
    /// The version is neither `null` nor a SHA-256.
    #[error(
        "{0} is not a version of an object in a folder: use null for the file as it is, or the SHA-256 of its content in \
         lower-case hexadecimal"
    )]
    Version(String),
    /// The object has more bytes than the platform signs.
    #[error("the object has more than {most} bytes, the maximum of the signing platform")]
    TooLarge {
        /// The maximum.
        most: u64,
    },
    /// The file cannot be used.
    #[error("{key} in the bucket {bucket} cannot be used: {}", without_number(&.why.to_string()))]
    File {
        /// The bucket.
        bucket: String,
        /// The key of the object.
        key: String,
        /// The error of the system.
        why: io::Error,
    },
    /// A temporary file cannot be used.
    #[error("a temporary file of the local signer cannot be used: {}", without_number(&.0.to_string()))]
    Temporary(io::Error),
    /// The local signer is being stopped.
    #[error("the local signer is being stopped")]
    Stopped,
}
