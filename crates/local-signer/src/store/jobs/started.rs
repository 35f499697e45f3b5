//! Signing jobs from their start to their end: `StartSigningJob` in the AWS Signer API Reference.

use aws_names::{JobArn, Location};
use rusqlite::{Connection, OptionalExtension as _, params};
use time::OffsetDateTime;

use super::{COLUMNS, Job, JobStatus, ObjectLocation, insert, is_active, job_of};
use crate::store::profiles::json;
use crate::store::{Store, StoreError, scope};

/// The `statusReason` that AWS gives to jobs that succeeded.
const SUCCEEDED: &str = "Signing Succeeded";

/// The outcome of [`Store::start_job`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStarted {
    /// The job is stored.
    Started(JobArn),
    /// The account has started this job with the same request token before; nothing is stored.
    Known(JobArn),
    /// The profile was revoked or canceled in the meantime; nothing is stored.
    ProfileNotActive,
}

/// A job that is in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedJob {
    /// Its number, in the order of creation.
    pub number: i64,
    /// The job.
    pub job: Job,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// The signed object is there.
    Succeeded(ObjectLocation),
    /// There is no signature, for this reason.
    Failed(String),
}

impl JobOutcome {
    /// The status of the job.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        match self {
            Self::Succeeded(_) => JobStatus::Succeeded,
            Self::Failed(_) => JobStatus::Failed,
        }
    }

    /// Why the job has the status.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Succeeded(_) => SUCCEEDED,
            Self::Failed(reason) => reason,
        }
    }
}

impl Store {
    /// The job that the account at `location` has started with this token, if any.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or a row is damaged.
    pub fn started_job(&self, location: &Location, token: &str) -> Result<Option<JobArn>, StoreError> {
        started(&self.reader(), location, token)
    }

    /// Adds a job in progress, unless the account at `invoker` has used the token before, or the profile is not active
    /// any more.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn start_job(&self, invoker: Location, job: Job, token: String) -> Result<JobStarted, StoreError> {
        self.write(move |database| {
            if let Some(known) = started(database, &invoker, &token)? {
                return Ok(JobStarted::Known(known));
            }
            if !is_active(database, &job.profile)? {
                return Ok(JobStarted::ProfileNotActive);
            }
            insert(database, &job, Some(&token))?;
            Ok(JobStarted::Started(job.arn))
        })
        .await
    }

    /// Ends a job in progress. Returns `false` if it has ended already, which changes nothing.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn finish_job(
        &self,
        arn: JobArn,
        outcome: JobOutcome,
        completed_at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        self.write(move |database| {
            let Some(owner) = scope(database, arn.location())? else { return Ok(false) };
            let signed_object = match &outcome {
                JobOutcome::Succeeded(object) => Some(json(object)?),
                JobOutcome::Failed(_) => None,
            };
            let ended = database
                .prepare_cached(
                    "UPDATE signing_jobs SET status = ?1, status_reason = ?2, signed_object = ?3, completed_at = ?4,
                     expires_at = iif(?1 = 'Failed', NULL, expires_at)
                     WHERE owner = ?5 AND id = ?6 AND status = 'InProgress'",
                )?
                .execute(params![
                    outcome.status().name(),
                    outcome.reason(),
                    signed_object,
                    completed_at.unix_timestamp(),
                    owner,
                    arn.id(),
                ])?;
            Ok(ended == 1)
        })
        .await
    }

    /// At most `limit` jobs in progress after the job with the number `after`, the oldest first.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or a row is damaged.
    pub fn unfinished_jobs(&self, after: i64, limit: usize) -> Result<Vec<UnfinishedJob>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT owner, number FROM signing_jobs INDEXED BY jobs_in_progress
             WHERE status = 'InProgress' AND number > ? ORDER BY number LIMIT ?",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = statement.query_map(params![after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let found = found.collect::<rusqlite::Result<Vec<(i64, i64)>>>()?;
        let mut statement = reader.prepare_cached(&format!("{COLUMNS} WHERE jobs.owner = ? AND jobs.number = ?"))?;
        let mut unfinished = Vec::new();
        for (owner, number) in found {
            let job = statement.query_row([owner, number], |row| Ok(job_of(row)))??;
            unfinished.push(UnfinishedJob { number, job });
        }
        Ok(unfinished)
    }
}

fn started(database: &Connection, location: &Location, token: &str) -> Result<Option<JobArn>, StoreError> {
    let Some(invoker) = scope(database, location)? else { return Ok(None) };
    let query = format!("{COLUMNS} WHERE jobs.invoker = ? AND jobs.request_token = ?");
    let mut statement = database.prepare_cached(&query)?;
    let job = statement.query_row(params![invoker, token], |row| Ok(job_of(row))).optional()?.transpose()?;
    Ok(job.map(|job| job.arn))
}
