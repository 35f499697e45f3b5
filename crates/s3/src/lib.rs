//! Objects in Amazon S3 and services like it: a version of an object is read into a file, and a new object is written
//! once.
//!
//! The configuration is that of the process, as for AWS's own tools: `AWS_PROFILE`, `AWS_ENDPOINT_URL_S3` for MinIO and
//! others, credentials from the usual sources, proxies and certificate authorities. All calls end with their deadline.
//!
//! | Module | What it has |
//! |---|---|
//! | `client` | [`S3`]: buckets of a region, reading, writing |
//! | `error` | [`S3Error`]: what went wrong, and of which kind |
//!
//! Amazon S3 API reference: `HeadBucket`, `GetBucketVersioning`, `GetObject`, `HeadObject`, `PutObject`.

mod client;
mod error;

pub use client::{Bucket, Object, S3, Versioning, Written};
pub use error::S3Error;
