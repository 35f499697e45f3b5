//! Signing jobs: `StartSigningJob`, `DescribeSigningJob` and `ListSigningJobs` of the AWS Signer API Reference.

mod describe;
mod list;
mod start;

use std::collections::BTreeMap;

use aws_names::{AccountId, JobArn, Location, Region};
use time::OffsetDateTime;

pub use self::describe::signing_job;
pub use self::list::{JobFilter, list_signing_jobs};
pub use self::start::{NewJob, S3Prefix, start_signing_job};
use super::members::text;
use super::overrides::Overrides;

/// A signing job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningJob {
    /// The id.
    pub id: String,
    /// The ARN, if the job's account is known.
    pub arn: Option<JobArn>,
    /// `InProgress`, `Succeeded` or `Failed`.
    pub status: String,
    /// Why the job has this status. Lists have none.
    pub status_reason: Option<String>,
    /// The name of the signing profile.
    pub profile_name: Option<String>,
    /// The version of the signing profile, ten letters and digits.
    pub profile_version: Option<String>,
    /// The signing platform.
    pub platform: Option<String>,
    /// The platform's name for people.
    pub platform_name: Option<String>,
    /// When the job was started.
    pub created_at: Option<OffsetDateTime>,
    /// When the job ended. Lists have none.
    pub completed_at: Option<OffsetDateTime>,
    /// When the signature expires.
    pub signature_expires_at: Option<OffsetDateTime>,
    /// The IAM principal that started the job. Lists have none.
    pub requested_by: Option<String>,
    /// The account that started the job.
    pub invoker: Option<String>,
    /// The account that owns the job.
    pub owner: Option<String>,
    /// What was to be signed.
    pub source: Option<S3Object>,
    /// What was signed.
    pub signed_object: Option<S3Object>,
    /// The ARN of the certificate that signed, if the profile has its own.
    pub signing_material: Option<String>,
    /// What differs from the platform's configuration. Lists have none.
    pub overrides: Overrides,
    /// The parameters of the job. Lists have none.
    pub signing_parameters: BTreeMap<String, String>,
    /// Whether the signature was revoked.
    pub is_revoked: bool,
    /// The revocation of the signature. Lists have none.
    pub revocation: Option<JobRevocation>,
}

/// The revocation of the signature of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRevocation {
    /// The reason.
    pub reason: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<OffsetDateTime>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
}

/// An object in Amazon S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Object {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version, if it was named.
    pub version: Option<String>,
}

/// The ARN of a job, unless its account or its id is not valid.
fn arn(region: &Region, owner: Option<&str>, id: &str) -> Option<JobArn> {
    let owner: AccountId = owner?.parse().ok()?;
    JobArn::new(Location::new(region.clone(), owner), id).ok()
}

fn source(source: Option<&aws_sdk_signer::types::Source>) -> Option<S3Object> {
    let source = source?.s3()?;
    let version = text(Some(source.version().to_owned()));
    Some(S3Object { bucket: source.bucket_name().to_owned(), key: source.key().to_owned(), version })
}

fn signed_object(signed: Option<&aws_sdk_signer::types::SignedObject>) -> Option<S3Object> {
    let signed = signed?.s3()?;
    Some(S3Object { bucket: signed.bucket_name()?.to_owned(), key: signed.key()?.to_owned(), version: None })
}
