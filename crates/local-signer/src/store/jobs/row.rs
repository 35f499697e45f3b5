//! A job as a row of the database.

use aws_names::{JobArn, Location, ProfileArn};
use rusqlite::Row;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::{Job, JobStatus, Revocation};
use crate::store::StoreError;

/// The columns of a job, in the order of [`job_of`], with the names of its locations and its principal.
pub(in crate::store) const COLUMNS: &str =
    "SELECT jobs.id, owners.partition, owners.region, owners.account, jobs.profile_name,
    jobs.profile_version, jobs.platform_id, invokers.account, principals.arn, jobs.status, jobs.status_reason,
    jobs.created_at, jobs.completed_at, jobs.expires_at, jobs.source, jobs.destination, jobs.signed_object,
    jobs.signing_material, jobs.overrides, jobs.signing_parameters, jobs.revoked_at, jobs.revoked_by,
    jobs.revocation_reason
    FROM signing_jobs AS jobs
    JOIN scopes AS owners ON owners.number = jobs.owner
    JOIN scopes AS invokers ON invokers.number = jobs.invoker
    JOIN principals ON principals.number = jobs.requested_by";

/// The job of a row with the columns of [`COLUMNS`].
pub(in crate::store) fn job_of(row: &Row<'_>) -> Result<Job, StoreError> {
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
        status: JobStatus::from_name(text(9)?),
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
