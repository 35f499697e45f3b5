//! Signing jobs: `SignPayload` and `RevokeSignature` in the AWS Signer API Reference.

use aws_names::{JobArn, ProfileVersionArn};
use rusqlite::{OptionalExtension as _, params};
use time::OffsetDateTime;

use super::{Store, StoreError};

/// A signing job: one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The ARN; its account owns the job.
    pub arn: JobArn,
    /// The profile version that signed.
    pub profile: ProfileVersionArn,
    /// The signing platform.
    pub platform_id: String,
    /// The principal that requested the signature.
    pub invoker: String,
    /// The authentic signing time.
    pub signed_at: OffsetDateTime,
    /// The expiry of the signature.
    pub expires_at: OffsetDateTime,
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
    pub fn add_job(&self, job: &Job) -> Result<JobAdded, StoreError> {
        let at = job.arn.location();
        let profile_at = job.profile.location();
        let name = job.profile.profile().name().as_str();
        let version = job.profile.version();
        self.write(|transaction| {
            let added = transaction
                .prepare_cached(
                    "INSERT INTO jobs (partition, region, account, id, profile_name, profile_version, platform_id, invoker,
                     signed_at, expires_at)
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM profiles
                     WHERE partition = ?11 AND region = ?12 AND account = ?13 AND name = ?5 AND version = ?6
                     AND status = 'Active'",
                )?
                .execute(params![
                    at.partition().as_str(),
                    at.region().as_str(),
                    at.account().as_str(),
                    job.arn.id(),
                    name,
                    version,
                    job.platform_id,
                    job.invoker,
                    job.signed_at.unix_timestamp(),
                    job.expires_at.unix_timestamp(),
                    profile_at.partition().as_str(),
                    profile_at.region().as_str(),
                    profile_at.account().as_str(),
                ])?;
            Ok(if added == 1 { JobAdded::Added } else { JobAdded::ProfileNotActive })
        })
    }

    /// Revokes a job's signature; returns `false` if the job does not exist. The first revocation of a job is never
    /// changed.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub fn revoke_job(&self, arn: &JobArn, revocation: &Revocation) -> Result<bool, StoreError> {
        let at = arn.location();
        self.write(|transaction| {
            let known = transaction.execute(
                "UPDATE jobs SET revocation_reason = iif(revoked_at IS NULL, ?1, revocation_reason),
                 revoked_by = coalesce(revoked_by, ?2), revoked_at = coalesce(revoked_at, ?3)
                 WHERE partition = ?4 AND region = ?5 AND account = ?6 AND id = ?7",
                params![
                    revocation.reason,
                    revocation.revoked_by,
                    revocation.revoked_at.unix_timestamp(),
                    at.partition().as_str(),
                    at.region().as_str(),
                    at.account().as_str(),
                    arn.id(),
                ],
            )?;
            Ok(known == 1)
        })
    }

    /// The revocation of a job's signature: `None` if the job does not exist, `Some(None)` if it is not revoked.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or the row is damaged.
    pub fn job_revocation(&self, arn: &JobArn) -> Result<Option<Option<Revocation>>, StoreError> {
        let at = arn.location();
        let found = self
            .reader()
            .prepare_cached(
                "SELECT revoked_at, revoked_by, revocation_reason FROM jobs
                 WHERE partition = ? AND region = ? AND account = ? AND id = ?",
            )?
            .query_row(params![at.partition().as_str(), at.region().as_str(), at.account().as_str(), arn.id()], |row| {
                let Some(revoked_at) = row.get::<_, Option<i64>>(0)? else { return Ok(None) };
                Ok(Some((revoked_at, row.get(1)?, row.get(2)?)))
            })
            .optional()?;
        let Some(revoked) = found else { return Ok(None) };
        let Some((revoked_at, revoked_by, reason)) = revoked else { return Ok(Some(None)) };
        let revoked_at = OffsetDateTime::from_unix_timestamp(revoked_at)
            .map_err(|_| StoreError::Damaged(format!("{arn}: a time")))?;
        Ok(Some(Some(Revocation { revoked_at, revoked_by, reason })))
    }
}
