//! Signing jobs: `SignPayload`, `StartSigningJob`, `DescribeSigningJob`, `ListSigningJobs` and `RevokeSignature` in the
//! AWS Signer API Reference.

use std::collections::BTreeMap;

use aws_names::{AccountId, JobArn, Location, NOTATION_PLATFORM, ProfileArn, ProfileVersionArn};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::profiles::json;
use super::{MAX_EXAMINED, Store, StoreError, add_scope, scope};
use crate::platforms::{self, Overrides};

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
    /// Only jobs that were finished at this time or later, or are not finished.
    pub since: Option<OffsetDateTime>,
}

/// A page of a list of jobs.
#[derive(Debug, Clone, Default)]
pub struct JobPage {
    /// The jobs, the newest first.
    pub jobs: Vec<Job>,
    /// The job after which the next page starts; `None` on the last page.
    pub next: Option<JobCursor>,
}

/// A position in a list of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCursor {
    /// The number of the job.
    number: i64,
    /// Its expiry in Unix seconds, for a list in the order of expiry.
    expires_at: i64,
}

/// The columns of a job, in the order of [`job_of`], with the names of its locations and its principal.
pub(super) const COLUMNS: &str = "SELECT jobs.id, owners.partition, owners.region, owners.account, jobs.profile_name,
    jobs.profile_version, jobs.platform_id, invokers.account, principals.arn, jobs.status, jobs.status_reason,
    jobs.created_at, jobs.completed_at, jobs.expires_at, jobs.source, jobs.destination, jobs.signed_object,
    jobs.signing_material, jobs.overrides, jobs.signing_parameters, jobs.revoked_at, jobs.revoked_by,
    jobs.revocation_reason
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

    /// Lists at most `limit` jobs of the account at `location` after `after`: the newest first, or with a filter of the
    /// expiry, those that expire last first.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or a row is damaged.
    pub fn jobs(
        &self,
        location: &Location,
        filter: &JobFilter,
        after: Option<JobCursor>,
        limit: usize,
    ) -> Result<JobPage, StoreError> {
        let reader = self.reader();
        let Some(owner) = scope(&reader, location)? else { return Ok(JobPage::default()) };
        let Some(numbers) = Numbers::of(&reader, location, filter)? else { return Ok(JobPage::default()) };
        let mut page = JobPage::default();
        // The numbers of the wanted jobs are found first: without the columns that lists do not filter by.
        let mut wanted = Vec::new();
        {
            let mut statement = reader.prepare_cached(&query(filter, owner, &numbers))?;
            let after = after.unwrap_or(JobCursor { number: i64::MAX, expires_at: i64::MAX });
            let (low, high) = expiry_bounds(filter);
            let mut rows =
                statement.query(params![owner, after.number, numbers.requester, after.expires_at, low, high])?;
            let mut examined = 0;
            let mut last = None;
            while let Some(row) = rows.next()? {
                if wanted.len() == limit || examined == MAX_EXAMINED {
                    page.next = last;
                    break;
                }
                examined += 1;
                let number: i64 = row.get(0)?;
                last = Some(JobCursor { number, expires_at: row.get::<_, Option<i64>>(5)?.unwrap_or(i64::MAX) });
                if passes(row, filter, &numbers)? {
                    wanted.push(number);
                }
            }
        }
        let mut statement = reader.prepare_cached(&format!("{COLUMNS} WHERE jobs.owner = ? AND jobs.number = ?"))?;
        for number in wanted {
            page.jobs.push(statement.query_row([owner, number], |row| Ok(job_of(row)))??);
        }
        Ok(page)
    }
}

/// The numbers of the principal and of the location that a filter names.
pub(super) struct Numbers {
    pub(super) requester: Option<i64>,
    pub(super) invoker: Option<i64>,
}

impl Numbers {
    /// `None` if no job can pass the filter, because the store does not know what it names.
    fn of(database: &Connection, location: &Location, filter: &JobFilter) -> Result<Option<Self>, StoreError> {
        let requester = match &filter.requested_by {
            None => None,
            Some(arn) => match number_of(database, "SELECT number FROM principals WHERE arn = ?", arn)? {
                None => return Ok(None),
                found => found,
            },
        };
        let invoker = match &filter.invoker {
            None => None,
            Some(account) => {
                let location = Location::new(location.region().clone(), account.clone());
                match scope(database, &location)? {
                    None => return Ok(None),
                    found => found,
                }
            }
        };
        Ok(Some(Self { requester, invoker }))
    }
}

/// Whether the list is in the order of expiry: a filter by expiry then reads only jobs that pass it.
fn is_by_expiry(filter: &JobFilter) -> bool {
    filter.expires_before.is_some() || filter.expires_after.is_some()
}

/// The first and the last second of expiry that can pass the filter.
fn expiry_bounds(filter: &JobFilter) -> (i64, i64) {
    let low = filter.expires_after.map_or(i64::MIN, |after| after.div_euclid(1000));
    let high = filter.expires_before.map_or(i64::MAX, |before| before.div_euclid(1000));
    (low, high)
}

/// The query for the jobs that may pass, with the index that has the fewest of them. Conditions of a partial index must
/// be in the text for SQLite to use it; every value in the text is a constant of this program or a number.
pub(super) fn query(filter: &JobFilter, owner: i64, numbers: &Numbers) -> String {
    const SELECT: &str =
        "SELECT number, status, platform_id, requested_by, revoked_at IS NOT NULL, expires_at, invoker,
        completed_at FROM signing_jobs";
    const UNUSED: &str = "?3 IS ?3 AND ?4 IS ?4 AND ?5 IS ?5 AND ?6 IS ?6";
    let (index, condition) = match (filter.status, filter.platform_id.as_deref(), numbers.invoker) {
        _ if filter.is_revoked == Some(true) => ("revoked_jobs", "revoked_at IS NOT NULL".to_owned()),
        (Some(status @ (JobStatus::InProgress | JobStatus::Failed)), _, _) => {
            ("jobs_by_other_status", format!("status = '{}' AND status <> 'Succeeded'", status.name()))
        }
        (_, Some(platform), _) if platform != NOTATION_PLATFORM => {
            // No job has a platform that the local signer does not know.
            let id = platforms::find(platform).map_or("", |known| known.id);
            ("jobs_by_other_platform", format!("platform_id = '{id}' AND platform_id <> '{NOTATION_PLATFORM}'"))
        }
        (_, _, Some(invoker)) if invoker != owner => {
            ("jobs_by_other_invoker", format!("invoker = {invoker} AND invoker <> owner"))
        }
        _ if is_by_expiry(filter) => {
            return format!(
                "{SELECT} INDEXED BY jobs_by_expiry WHERE owner = ?1 AND expires_at BETWEEN ?5 AND ?6
                 AND (expires_at, number) < (?4, ?2) AND ?3 IS ?3 ORDER BY expires_at DESC, number DESC"
            );
        }
        _ if numbers.requester.is_some() => ("jobs_by_requester", "requested_by = ?3".to_owned()),
        _ => return format!("{SELECT} WHERE owner = ?1 AND number < ?2 AND {UNUSED} ORDER BY number DESC"),
    };
    // SQLite does not know that few jobs have these values, and would read all jobs.
    format!(
        "{SELECT} INDEXED BY {index} WHERE owner = ?1 AND number < ?2 AND {condition} AND {UNUSED} ORDER BY number DESC"
    )
}

fn passes(row: &Row<'_>, filter: &JobFilter, numbers: &Numbers) -> rusqlite::Result<bool> {
    let expires_at = row.get::<_, Option<i64>>(5)?.map(|seconds| seconds.saturating_mul(1000));
    Ok(filter.status.is_none_or(|status| text_is(row, 1, status.name()))
        && filter.platform_id.as_deref().is_none_or(|platform| text_is(row, 2, platform))
        && match numbers.requester {
            Some(requester) => row.get::<_, i64>(3)? == requester,
            None => true,
        }
        && match filter.is_revoked {
            Some(revoked) => row.get::<_, bool>(4)? == revoked,
            None => true,
        }
        && filter.expires_before.is_none_or(|before| expires_at.is_some_and(|expires| expires < before))
        && filter.expires_after.is_none_or(|after| expires_at.is_some_and(|expires| expires > after))
        && match numbers.invoker {
            Some(invoker) => row.get::<_, i64>(6)? == invoker,
            None => true,
        }
        && match filter.since {
            Some(since) => row.get::<_, Option<i64>>(7)?.is_none_or(|completed| completed >= since.unix_timestamp()),
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

/// The job of a row with the columns of [`COLUMNS`].
pub(super) fn job_of(row: &Row<'_>) -> Result<Job, StoreError> {
    let id: String = row.get(0)?;
    let damaged = |what: &str| StoreError::Damaged(format!("signing job {id}: {what}"));
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let time = |column: usize| {
        let seconds: Option<i64> = row.get(column)?;
        let time = seconds.map(OffsetDateTime::from_unix_timestamp).transpose();
        time.map_err(|_| damaged("a time"))
    };
    let location = Location::parse(text(1)?, text(2)?, text(3)?).map_err(|_| damaged("its owner"))?;
    let name = text(4)?.parse().map_err(|_| damaged("its profile"))?;
    let profile = ProfileArn::new(location.clone(), name).with_version(text(5)?);
    let revocation = match time(20)? {
        None => None,
        Some(revoked_at) => Some(Revocation { revoked_at, revoked_by: row.get(21)?, reason: row.get(22)? }),
    };
    Ok(Job {
        arn: JobArn::new(location, &id).map_err(|_| damaged("its id"))?,
        profile: profile.map_err(|_| damaged("its profile version"))?,
        platform_id: row.get(6)?,
        invoker: text(7)?.parse().map_err(|_| damaged("its invoker"))?,
        requested_by: row.get(8)?,
        status: match text(9)? {
            "InProgress" => JobStatus::InProgress,
            "Failed" => JobStatus::Failed,
            _ => JobStatus::Succeeded,
        },
        status_reason: row.get(10)?,
        created_at: time(11)?.ok_or_else(|| damaged("its time"))?,
        completed_at: time(12)?,
        expires_at: time(13)?,
        source: object(row, 14, &damaged)?,
        destination: object(row, 15, &damaged)?,
        signed_object: object(row, 16, &damaged)?,
        signing_material: row.get(17)?,
        overrides: object(row, 18, &damaged)?,
        signing_parameters: object(row, 19, &damaged)?.unwrap_or_default(),
        revocation,
    })
}

fn object<T: DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
    damaged: &impl Fn(&str) -> StoreError,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(|_| damaged("a JSON object"))).transpose()
}
