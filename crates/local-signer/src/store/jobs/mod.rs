//! Signing jobs: `SignPayload`, `StartSigningJob`, `DescribeSigningJob`, `ListSigningJobs` and `RevokeSignature` in the
//! AWS Signer API Reference.

mod list;
mod row;
mod started;

use std::collections::BTreeMap;

use aws_names::{AccountId, JobArn, Location, ProfileVersionArn};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use self::list::{JobCursor, JobFilter, ListedJob};
#[cfg(test)]
pub(super) use self::list::{Numbers, query};
pub(super) use self::row::{COLUMNS, job_of};
pub use self::started::{JobOutcome, JobStarted, UnfinishedJob};
use super::profiles::json;
use super::{Store, StoreError, add_scope, scope};
use crate::platforms::Overrides;

/// The status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStatus {
    /// It is not finished.
    InProgress,
    /// It made no signature.
    Failed,
    /// It made a signature.
    Succeeded,
}

impl JobStatus {
    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Failed => "Failed",
            Self::Succeeded => "Succeeded",
        }
    }

    /// The status with this name in the database, which has no others.
    fn from_name(name: &str) -> Self {
        match name {
            "InProgress" => Self::InProgress,
            "Failed" => Self::Failed,
            _ => Self::Succeeded,
        }
    }
}

/// An object to sign: `S3Source` in the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceObject {
    /// The bucket.
    pub bucket_name: String,
    /// The key.
    pub key: String,
    /// The version.
    pub version: String,
}

/// A place in a bucket: the destination with its prefix as key, or a signed object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectLocation {
    /// The bucket.
    pub bucket_name: String,
    /// The key, or the prefix of the key.
    pub key: String,
}

/// A signing job: one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The ARN; its account owns the job.
    pub arn: JobArn,
    /// The profile version that signs, of the same account and region.
    pub profile: ProfileVersionArn,
    /// The signing platform.
    pub platform_id: String,
    /// The account that asked for the signature.
    pub invoker: AccountId,
    /// The ARN of the principal that asked for the signature.
    pub requested_by: String,
    /// The status.
    pub status: JobStatus,
    /// Why it has the status.
    pub status_reason: Option<String>,
    /// The time of the request; of `SignPayload` also the authentic signing time.
    pub created_at: OffsetDateTime,
    /// When it succeeded or failed.
    pub completed_at: Option<OffsetDateTime>,
    /// The expiry of the signature.
    pub expires_at: Option<OffsetDateTime>,
    /// What is signed; `None` for a payload.
    pub source: Option<SourceObject>,
    /// Where the signed object is written; `None` for a payload.
    pub destination: Option<ObjectLocation>,
    /// The signed object, if the job has succeeded.
    pub signed_object: Option<ObjectLocation>,
    /// The ARN of the signing certificate, if it is the caller's own.
    pub signing_material: Option<String>,
    /// Other algorithms or another format than the platform's defaults.
    pub overrides: Option<Overrides>,
    /// The profile's signing parameters.
    pub signing_parameters: BTreeMap<String, String>,
    /// The revocation of the signature.
    pub revocation: Option<Revocation>,
}

/// The outcome of [`Store::add_job`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobAdded {
    /// The job is stored.
    Added,
    /// The profile was revoked or canceled in the meantime; the job is not stored.
    ProfileNotActive,
}

/// The revocation of a job's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The time of the revocation.
    pub revoked_at: OffsetDateTime,
    /// The principal that revoked it.
    pub revoked_by: String,
    /// The reason.
    pub reason: String,
}

impl Store {
    /// Adds a job if its profile is still active.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn add_job(&self, job: Job) -> Result<JobAdded, StoreError> {
        self.write(move |database| {
            if !is_active(database, &job.profile)? {
                return Ok(JobAdded::ProfileNotActive);
            }
            insert(database, &job, None)?;
            Ok(JobAdded::Added)
        })
        .await
    }

    /// Revokes a job's signature; returns `false` if the job does not exist. The first revocation of a job is never
    /// changed.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn revoke_job(&self, arn: JobArn, revocation: Revocation) -> Result<bool, StoreError> {
        self.write(move |database| {
            let Some(owner) = scope(database, arn.location())? else { return Ok(false) };
            let known = database.execute(
                "UPDATE signing_jobs SET revocation_reason = iif(revoked_at IS NULL, ?1, revocation_reason),
                 revoked_by = coalesce(revoked_by, ?2), revoked_at = coalesce(revoked_at, ?3)
                 WHERE owner = ?4 AND id = ?5",
                params![
                    revocation.reason,
                    revocation.revoked_by,
                    revocation.revoked_at.unix_timestamp(),
                    owner,
                    arn.id(),
                ],
            )?;
            Ok(known == 1)
        })
        .await
    }

    /// The job with this id that the account at `location` owns or asked for.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or the row is damaged.
    pub fn job(&self, location: &Location, id: &str) -> Result<Option<Job>, StoreError> {
        let reader = self.reader();
        let Some(scope) = self.scopes.number(&reader, location)? else { return Ok(None) };
        let mut statement = reader.prepare_cached(&format!("{COLUMNS} WHERE jobs.id = ? AND ? IN (owner, invoker)"))?;
        statement.query_row(params![id, scope], |row| Ok(job_of(row))).optional()?.transpose()
    }
}

fn number_of(database: &Connection, query: &str, key: &str) -> rusqlite::Result<Option<i64>> {
    database.prepare_cached(query)?.query_row([key], |row| row.get(0)).optional()
}

/// Whether the profile version exists and is active.
pub(in crate::store) fn is_active(database: &Connection, profile: &ProfileVersionArn) -> rusqlite::Result<bool> {
    let at = profile.location();
    database
        .prepare_cached(
            "SELECT 1 FROM profiles WHERE partition = ? AND region = ? AND account = ? AND name = ? AND version = ?
             AND status = 'Active'",
        )?
        .exists(params![
            at.partition().as_str(),
            at.region().as_str(),
            at.account().as_str(),
            profile.profile().name().as_str(),
            profile.version(),
        ])
}

/// Inserts a job; `token` is the client request token that it was started with.
pub(in crate::store) fn insert(database: &Connection, job: &Job, token: Option<&str>) -> Result<(), StoreError> {
    let owner = add_scope(database, job.arn.location())?;
    let invoker = if job.invoker == *job.arn.location().account() {
        owner
    } else {
        add_scope(database, &Location::new(job.arn.location().region().clone(), job.invoker.clone()))?
    };
    let requested_by = match number_of(database, "SELECT number FROM principals WHERE arn = ?", &job.requested_by)? {
        Some(number) => number,
        None => database.prepare_cached("INSERT INTO principals (arn) VALUES (?)")?.insert([&job.requested_by])?,
    };
    let parameters = (!job.signing_parameters.is_empty()).then_some(&job.signing_parameters);
    database
        .prepare_cached(
            "INSERT INTO signing_jobs (id, owner, number, invoker, requested_by, profile_name, profile_version,
             platform_id, status, status_reason, created_at, completed_at, expires_at, source, destination,
             signed_object, signing_material, overrides, signing_parameters, request_token)
             VALUES (?1, ?2, (SELECT coalesce(max((SELECT max(number) FROM signing_jobs WHERE owner = scopes.number)), 0)
             + 1 FROM scopes), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        )?
        .execute(params![
            job.arn.id(),
            owner,
            invoker,
            requested_by,
            job.profile.profile().name().as_str(),
            job.profile.version(),
            job.platform_id,
            job.status.name(),
            job.status_reason,
            job.created_at.unix_timestamp(),
            job.completed_at.map(OffsetDateTime::unix_timestamp),
            job.expires_at.map(OffsetDateTime::unix_timestamp),
            job.source.as_ref().map(json).transpose()?,
            job.destination.as_ref().map(json).transpose()?,
            job.signed_object.as_ref().map(json).transpose()?,
            job.signing_material,
            job.overrides.as_ref().map(json).transpose()?,
            parameters.map(json).transpose()?,
            token,
        ])?;
    Ok(())
}
