//! The regions in which an account has something, for the console.

use aws_names::{AccountId, Region};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Store, StoreError};

/// More regions than AWS has.
const MAX_REGIONS: usize = 100;

impl Store {
    /// The regions in which the account has profiles or jobs, by name.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or a row is damaged.
    pub fn regions(&self, account: &AccountId) -> Result<Vec<Region>, StoreError> {
        let reader = self.reader();
        let mut regions = regions_of(&reader, "profiles", account)?;
        regions.extend(regions_of(&reader, "scopes", account)?);
        regions.sort_unstable();
        regions.dedup();
        let damaged = |_| StoreError::Damaged("the name of a region".to_owned());
        regions.iter().map(|region| region.parse().map_err(damaged)).collect()
    }
}

/// Jumps from region to region in the index that starts with partition, region and account, so that the time does not
/// depend on the number of rows.
fn regions_of(database: &Connection, table: &'static str, account: &AccountId) -> rusqlite::Result<Vec<String>> {
    let mut next = database.prepare_cached(&format!(
        "SELECT partition, region FROM {table} WHERE (partition, region) > (?, ?) ORDER BY partition, region LIMIT 1"
    ))?;
    let mut owned = database
        .prepare_cached(&format!("SELECT 1 FROM {table} WHERE partition = ? AND region = ? AND account = ? LIMIT 1"))?;
    let mut found = Vec::new();
    let mut last = (String::new(), String::new());
    for _ in 0..MAX_REGIONS {
        let row = next.query_row(params![last.0, last.1], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some(row) = row else { break };
        last = row;
        if owned.exists(params![last.0, last.1, account.as_str()])? {
            found.push(last.1.clone());
        }
    }
    Ok(found)
}
