//! Lists of profiles: `ListSigningProfiles`. A list reads the primary key in its order, and examines a bounded number
//! of profiles for a page.

use aws_names::Location;
use rusqlite::{Row, params};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::{CANCELED_KEPT, ProfileStatus};
use crate::store::{MAX_EXAMINED, Store, StoreError, stored_object, text};
use crate::validity::{ValidityPeriod, ValidityType};

/// The columns of [`listed`], by their number.
pub(in crate::store) const QUERY: &str =
    "SELECT name, status, platform_id, canceled_at, version, validity_value, validity_type, signing_parameters, tags,
    signing_material FROM profiles WHERE partition = ? AND region = ? AND account = ? AND name > ? ORDER BY name";

/// Which profiles a list has.
#[derive(Debug, Clone, Default)]
pub struct ProfileFilter {
    /// Only these statuses; all if empty.
    pub statuses: Vec<ProfileStatus>,
    /// Only this platform.
    pub platform_id: Option<String>,
}

/// A profile of a list, in the memory of SQLite: what lists do not show is not read.
#[derive(Debug)]
pub struct ListedProfile<'a> {
    /// The name.
    pub name: &'a str,
    /// The only version.
    pub version: &'a str,
    /// The signing platform.
    pub platform_id: &'a str,
    /// The validity period of its signatures.
    pub validity: ValidityPeriod,
    /// The caller's signing parameters: a JSON object.
    pub signing_parameters: &'a RawValue,
    /// The tags: a JSON object.
    pub tags: &'a RawValue,
    /// The status.
    pub status: ProfileStatus,
    /// The ARN of the caller's own signing certificate.
    pub signing_material: Option<&'a str>,
}

impl Store {
    /// Gives `each` at most `limit` profiles at `location` after the name `after`, by name. Returns the name after
    /// which the next page starts; `None` on the last page.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or a row is damaged.
    pub fn profiles(
        &self,
        location: &Location,
        filter: &ProfileFilter,
        after: Option<&str>,
        limit: usize,
        now: OffsetDateTime,
        mut each: impl FnMut(&ListedProfile<'_>),
    ) -> Result<Option<String>, StoreError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(QUERY)?;
        let mut rows = statement.query(params![
            location.partition().as_str(),
            location.region().as_str(),
            location.account().as_str(),
            after.unwrap_or_default()
        ])?;
        let forgotten = (now - CANCELED_KEPT).unix_timestamp();
        let (mut given, mut examined) = (0, 0);
        let mut last = None;
        while let Some(row) = rows.next()? {
            if last.is_some() {
                return Ok(last);
            }
            examined += 1;
            let status = ProfileStatus::from_name(text(row, 1)?);
            if passes(row, status, filter, forgotten)? {
                each(&listed(row, status, location)?);
                given += 1;
            }
            if given == limit || examined == MAX_EXAMINED {
                last = Some(text(row, 0)?.to_owned());
            }
        }
        Ok(None)
    }
}

fn passes(
    row: &Row<'_>,
    status: ProfileStatus,
    filter: &ProfileFilter,
    forgotten: i64,
) -> Result<bool, rusqlite::Error> {
    Ok((filter.statuses.is_empty() || filter.statuses.contains(&status))
        && match &filter.platform_id {
            Some(platform) => text(row, 2)? == platform,
            None => true,
        }
        && (status != ProfileStatus::Canceled
            || row.get::<_, Option<i64>>(3)?.is_none_or(|canceled| canceled >= forgotten)))
}

/// The profile of a row of [`QUERY`].
fn listed<'a>(row: &'a Row<'_>, status: ProfileStatus, location: &Location) -> Result<ListedProfile<'a>, StoreError> {
    let name = text(row, 0)?;
    let damaged = |column: &str| StoreError::Damaged(format!("{location}/signing-profiles/{name}: {column}"));
    Ok(ListedProfile {
        name,
        version: text(row, 4)?,
        platform_id: text(row, 2)?,
        validity: ValidityPeriod {
            value: row.get(5)?,
            unit: ValidityType::from_name(text(row, 6)?).ok_or_else(|| damaged("validity_type"))?,
        },
        signing_parameters: stored_object(text(row, 7)?).ok_or_else(|| damaged("signing_parameters"))?,
        tags: stored_object(text(row, 8)?).ok_or_else(|| damaged("tags"))?,
        status,
        signing_material: row.get_ref(9)?.as_str_or_null().map_err(rusqlite::Error::from)?,
    })
}
