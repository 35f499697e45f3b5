//! Lists of jobs: `ListSigningJobs`. A list reads an index in its order, and examines a bounded number of jobs for a
//! page.

use aws_names::{AccountId, Location, NOTATION_PLATFORM};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::{JobStatus, number_of};
use crate::platforms;
use crate::store::{MAX_EXAMINED, Store, StoreError, stored_object, text};

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

/// A job of a list, in the memory of SQLite: what lists do not show is not read.
#[derive(Debug)]
pub struct ListedJob<'a> {
    /// The id.
    pub id: &'a str,
    /// The name of the profile that signs.
    pub profile_name: &'a str,
    /// The version of the profile.
    pub profile_version: &'a str,
    /// The signing platform.
    pub platform_id: &'a str,
    /// The account that asked for the signature.
    pub invoker: &'a str,
    /// The status.
    pub status: JobStatus,
    /// Whether the signature is revoked.
    pub is_revoked: bool,
    /// The time of the request; Unix seconds.
    pub created_at: i64,
    /// The expiry of the signature; Unix seconds.
    pub expires_at: Option<i64>,
    /// What is signed, a JSON object as in the API; `None` for a payload.
    pub source: Option<&'a RawValue>,
    /// The signed object, if the job has succeeded: a JSON object as in the API.
    pub signed_object: Option<&'a RawValue>,
    /// The ARN of the signing certificate, if it is the caller's own.
    pub signing_material: Option<&'a str>,
}

/// A position in a list of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCursor {
    /// The number of the job.
    number: i64,
    /// Its expiry in Unix seconds, for a list in the order of expiry.
    expires_at: i64,
}

impl Store {
    /// Gives `each` at most `limit` jobs of the account at `location` after `after`: the newest first, or with a filter
    /// of the expiry, those that expire last first. Returns the position after which the next page starts; `None` on
    /// the last page.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or a row is damaged.
    pub fn jobs(
        &self,
        location: &Location,
        filter: &JobFilter,
        after: Option<JobCursor>,
        limit: usize,
        mut each: impl FnMut(&ListedJob<'_>),
    ) -> Result<Option<JobCursor>, StoreError> {
        let reader = self.reader();
        let Some(owner) = self.scopes.number(&reader, location)? else { return Ok(None) };
        let Some(numbers) = self.numbers(&reader, location, filter)? else { return Ok(None) };
        let mut invokers = Invokers::new(&reader, owner, location);
        let mut statement = reader.prepare_cached(&query(filter, owner, &numbers))?;
        let after = after.unwrap_or(JobCursor { number: i64::MAX, expires_at: i64::MAX });
        let (low, high) = expiry_bounds(filter);
        let mut rows = statement.query(params![owner, after.number, numbers.requester, after.expires_at, low, high])?;
        let (mut given, mut examined) = (0, 0);
        let mut last = None;
        while let Some(row) = rows.next()? {
            if last.is_some() {
                return Ok(last);
            }
            examined += 1;
            if passes(row, filter, &numbers)? {
                each(&listed(row, &mut invokers)?);
                given += 1;
            }
            if given == limit || examined == MAX_EXAMINED {
                last = Some(position(row)?);
            }
        }
        Ok(None)
    }

    /// `None` if no job can pass the filter, because the store does not know what it names.
    fn numbers(
        &self,
        database: &Connection,
        location: &Location,
        filter: &JobFilter,
    ) -> Result<Option<Numbers>, StoreError> {
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
                match self.scopes.number(database, &location)? {
                    None => return Ok(None),
                    found => found,
                }
            }
        };
        Ok(Some(Numbers { requester, invoker }))
    }
}

/// The numbers of the principal and of the location that a filter names.
pub(in crate::store) struct Numbers {
    pub(in crate::store) requester: Option<i64>,
    pub(in crate::store) invoker: Option<i64>,
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
pub(in crate::store) fn query(filter: &JobFilter, owner: i64, numbers: &Numbers) -> String {
    const SELECT: &str =
        "SELECT number, status, platform_id, requested_by, revoked_at IS NOT NULL, expires_at, invoker, completed_at,
        id, profile_name, profile_version, created_at, source, signed_object, signing_material FROM signing_jobs";
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

fn text_is(row: &Row<'_>, column: usize, expected: &str) -> bool {
    text(row, column).is_ok_and(|found| found == expected)
}

/// The position of a row of [`query`].
fn position(row: &Row<'_>) -> Result<JobCursor, StoreError> {
    Ok(JobCursor { number: row.get(0)?, expires_at: row.get::<_, Option<i64>>(5)?.unwrap_or(i64::MAX) })
}

/// The job of a row of [`query`].
fn listed<'a>(row: &'a Row<'_>, invokers: &'a mut Invokers<'_>) -> Result<ListedJob<'a>, StoreError> {
    let id = text(row, 8)?;
    let object = |column: usize| match row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)? {
        None => Ok(None),
        Some(text) => match stored_object(text) {
            None => Err(StoreError::Damaged(format!("signing job {id}: a JSON object"))),
            object => Ok(object),
        },
    };
    Ok(ListedJob {
        id,
        profile_name: text(row, 9)?,
        profile_version: text(row, 10)?,
        platform_id: text(row, 2)?,
        invoker: invokers.account(row.get(6)?)?,
        status: JobStatus::from_name(text(row, 1)?),
        is_revoked: row.get(4)?,
        created_at: row.get(11)?,
        expires_at: row.get(5)?,
        source: object(12)?,
        signed_object: object(13)?,
        signing_material: row.get_ref(14)?.as_str_or_null().map_err(rusqlite::Error::from)?,
    })
}

/// The accounts that asked for the jobs of a page. Most jobs have the same one, so each is looked up once.
struct Invokers<'a> {
    database: &'a Connection,
    known: Vec<(i64, String)>,
}

impl<'a> Invokers<'a> {
    /// Knows that `owner` is the number of `location`.
    fn new(database: &'a Connection, owner: i64, location: &Location) -> Self {
        Self { database, known: vec![(owner, location.account().to_string())] }
    }

    /// The account of the location with this number.
    fn account(&mut self, number: i64) -> Result<&str, StoreError> {
        let found = self.known.iter().position(|(known, _)| *known == number);
        let index = match found {
            Some(index) => index,
            None => {
                let mut statement = self.database.prepare_cached("SELECT account FROM scopes WHERE number = ?")?;
                self.known.push((number, statement.query_row([number], |row| row.get(0))?));
                self.known.len() - 1
            }
        };
        Ok(&self.known[index].1)
    }
}
