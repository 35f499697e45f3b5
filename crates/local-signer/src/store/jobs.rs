//! Signing jobs: `SignPayload`, `StartSigningJob`, `DescribeSigningJob`, `ListSigningJobs` and `RevokeSignature` in the
//! AWS Signer API Reference.

use std::collections::BTreeMap;

use aws_names::{AccountId, JobArn, Location, ProfileVersionArn};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::profiles::json;
use super::{MAX_EXAMINED, Store, StoreError, add_scope, scope};
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

/// Which jobs a list has.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only this status.
    pub status: Option<JobStatus>,
    /// Only this platform.
    pub platform_id: Option<String>,
    /// Only jobs that this principal asked for.
    pub requested_by: Option<String>,
    /// Only revoked jobs, or only others.
    pub is_revoked: Option<bool>,
    /// Only signatures that expire before this time; Unix milliseconds.
    pub expires_before: Option<i64>,
    /// Only signatures that expire after this time; Unix milliseconds.
    pub expires_after: Option<i64>,
    /// Only jobs that this account asked for.
    pub invoker: Option<AccountId>,
}

/// A page of a list of jobs.
#[derive(Debug, Clone, Default)]
pub struct JobPage {
    /// The jobs, the newest first.
    pub jobs: Vec<Job>,
    /// The number of the job after which the next page starts; `None` on the last page.
    pub next: Option<i64>,
}

/// The columns of a job, with the names of its locations and its principal.
const COLUMNS: &str = "SELECT jobs.*, owners.partition AS owner_partition, owners.region AS owner_region,
    owners.account AS owner_account, invokers.account AS invoker_account, principals.arn AS requester
    FROM signing_jobs AS jobs
    JOIN scopes AS owners ON owners.number = jobs.owner
    JOIN scopes AS invokers ON invokers.number = jobs.invoker
    JOIN principals ON principals.number = jobs.requested_by";

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
        let Some(scope) = scope(&reader, location)? else { return Ok(None) };
        let mut statement = reader.prepare_cached(&format!("{COLUMNS} WHERE jobs.id = ? AND ? IN (owner, invoker)"))?;
        statement.query_row(params![id, scope], |row| Ok(job_of(row))).optional()?.transpose()
    }

    /// Lists at most `limit` jobs of the account at `location`, the newest first, older than the job `before`.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or a row is damaged.
    pub fn jobs(
        &self,
        location: &Location,
        filter: &JobFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<JobPage, StoreError> {
        let reader = self.reader();
        let Some(owner) = scope(&reader, location)? else { return Ok(JobPage::default()) };
        let requester = match &filter.requested_by {
            None => None,
            Some(arn) => match number_of(&reader, "SELECT number FROM principals WHERE arn = ?", arn)? {
                None => return Ok(JobPage::default()),
                found => found,
            },
        };
        let invoker = match &filter.invoker {
            None => None,
            Some(account) => {
                let location = Location::new(location.region().clone(), account.clone());
                match scope(&reader, &location)? {
                    None => return Ok(JobPage::default()),
                    found => found,
                }
            }
        };
        let mut page = JobPage::default();
        let mut numbers = Vec::new();
        {
            // The conditions that an index has are in the text, so that SQLite uses the index. The numbers of the
            // wanted jobs are found first: their rows are small.
            let indexed = index(filter, owner, invoker);
            let mut statement = reader.prepare_cached(&format!(
                "SELECT number, status, platform_id, requested_by, revoked_at IS NOT NULL, expires_at, invoker
                 FROM signing_jobs WHERE owner = ?1 AND number < ?2 AND {indexed}
                 AND (?3 IS NULL OR requested_by = ?3) ORDER BY number DESC"
            ))?;
            let mut rows = statement.query(params![owner, before.unwrap_or(i64::MAX), requester])?;
            let mut examined = 0;
            let mut last = None;
            while let Some(row) = rows.next()? {
                if numbers.len() == limit || examined == MAX_EXAMINED {
                    page.next = last;
                    break;
                }
                examined += 1;
                let number: i64 = row.get(0)?;
                last = Some(number);
                if passes(row, filter, invoker)? {
                    numbers.push(number);
                }
            }
        }
        let mut statement = reader.prepare_cached(&format!("{COLUMNS} WHERE jobs.number = ?"))?;
        for number in numbers {
            page.jobs.push(statement.query_row([number], |row| Ok(job_of(row)))??);
        }
        Ok(page)
    }
}

/// A condition that selects the index with the fewest jobs; every value in it is a constant of this file or a number.
fn index(filter: &JobFilter, owner: i64, invoker: Option<i64>) -> String {
    if filter.is_revoked == Some(true) {
        return "revoked_at IS NOT NULL".to_owned();
    }
    match (filter.status, filter.platform_id.as_deref(), invoker) {
        (Some(status @ (JobStatus::InProgress | JobStatus::Failed)), _, _) => {
            format!("status = '{}' AND status <> 'Succeeded'", status.name())
        }
        (_, Some(platform), _) if platform != aws_names::NOTATION_PLATFORM => {
            match crate::platforms::find(platform) {
                Some(known) => {
                    format!("platform_id = '{}' AND platform_id <> '{}'", known.id, aws_names::NOTATION_PLATFORM)
                }
                // No job has a platform that the local signer does not know.
                None => "FALSE".to_owned(),
            }
        }
        (_, _, Some(invoker)) if invoker != owner => format!("invoker = {invoker} AND invoker <> owner"),
        _ => "TRUE".to_owned(),
    }
}

fn passes(row: &Row<'_>, filter: &JobFilter, invoker: Option<i64>) -> rusqlite::Result<bool> {
    let expires_at = row.get::<_, Option<i64>>(5)?.map(|seconds| seconds.saturating_mul(1000));
    Ok(filter.status.is_none_or(|status| text_is(row, 1, status.name()))
        && filter.platform_id.as_deref().is_none_or(|platform| text_is(row, 2, platform))
        && match filter.is_revoked {
            Some(revoked) => row.get::<_, bool>(4)? == revoked,
            None => true,
        }
        && filter.expires_before.is_none_or(|before| expires_at.is_some_and(|expires| expires < before))
        && filter.expires_after.is_none_or(|after| expires_at.is_some_and(|expires| expires > after))
        && match invoker {
            Some(invoker) => row.get::<_, i64>(6)? == invoker,
            None => true,
        })
}

fn text_is(row: &Row<'_>, column: usize, text: &str) -> bool {
    row.get_ref(column).is_ok_and(|found| found.as_str().is_ok_and(|found| found == text))
}

fn number_of(database: &Connection, query: &str, key: &str) -> rusqlite::Result<Option<i64>> {
    database.prepare_cached(query)?.query_row([key], |row| row.get(0)).optional()
}

/// Whether the profile version exists and is active.
pub(super) fn is_active(database: &Connection, profile: &ProfileVersionArn) -> rusqlite::Result<bool> {
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
pub(super) fn insert(database: &Connection, job: &Job, token: Option<&str>) -> Result<(), StoreError> {
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
            "INSERT INTO signing_jobs (id, owner, invoker, requested_by, profile_name, profile_version, platform_id,
             status, status_reason, created_at, completed_at, expires_at, source, destination, signed_object,
             signing_material, overrides, signing_parameters, request_token)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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

/// The job of a row with the columns of [`COLUMNS`].
pub(super) fn job_of(row: &Row<'_>) -> Result<Job, StoreError> {
    let id: String = row.get("id")?;
    let damaged = |what: &str| StoreError::Damaged(format!("signing job {id}: {what}"));
    let text = |column: &str| row.get::<_, String>(column);
    let time = |column: &str| {
        let seconds: Option<i64> = row.get(column)?;
        let time = seconds.map(OffsetDateTime::from_unix_timestamp).transpose();
        time.map_err(|_| damaged(column))
    };
    let location = Location::parse(&text("owner_partition")?, &text("owner_region")?, &text("owner_account")?)
        .map_err(|_| damaged("owner"))?;
    let profile = format!("{location}/signing-profiles/{}/{}", text("profile_name")?, text("profile_version")?);
    let revocation = match time("revoked_at")? {
        None => None,
        Some(revoked_at) => {
            Some(Revocation { revoked_at, revoked_by: text("revoked_by")?, reason: text("revocation_reason")? })
        }
    };
    Ok(Job {
        arn: JobArn::new(location, &id).map_err(|_| damaged("id"))?,
        profile: profile.parse().map_err(|_| damaged("profile"))?,
        platform_id: text("platform_id")?,
        invoker: text("invoker_account")?.parse().map_err(|_| damaged("invoker"))?,
        requested_by: text("requester")?,
        status: match text("status")?.as_str() {
            "InProgress" => JobStatus::InProgress,
            "Failed" => JobStatus::Failed,
            _ => JobStatus::Succeeded,
        },
        status_reason: row.get("status_reason")?,
        created_at: time("created_at")?.ok_or_else(|| damaged("created_at"))?,
        completed_at: time("completed_at")?,
        expires_at: time("expires_at")?,
        source: object(row, "source", &damaged)?,
        destination: object(row, "destination", &damaged)?,
        signed_object: object(row, "signed_object", &damaged)?,
        signing_material: row.get("signing_material")?,
        overrides: object(row, "overrides", &damaged)?,
        signing_parameters: object(row, "signing_parameters", &damaged)?.unwrap_or_default(),
        revocation,
    })
}

fn object<T: DeserializeOwned>(
    row: &Row<'_>,
    column: &str,
    damaged: &impl Fn(&str) -> StoreError,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(|_| damaged(column))).transpose()
}
