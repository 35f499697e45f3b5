//! The numbers of locations: the table `scopes`.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use aws_names::Location;
use rusqlite::{Connection, OptionalExtension as _, params};

/// The numbers that were read. A location keeps its number for ever, and only those that have one are remembered, so
/// this is as large as the table.
#[derive(Debug, Default)]
pub(super) struct Scopes(RwLock<HashMap<Location, i64>>);

impl Scopes {
    /// The number of a location; `None` if no job has it. `reader` must see committed changes only.
    pub(super) fn number(&self, reader: &Connection, location: &Location) -> rusqlite::Result<Option<i64>> {
        if let Some(number) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(location) {
            return Ok(Some(*number));
        }
        let found = scope(reader, location)?;
        if let Some(number) = found {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(location.clone(), number);
        }
        Ok(found)
    }
}

/// The number of a location in the table `scopes`; `None` if no job has it.
pub(super) fn scope(connection: &Connection, location: &Location) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT number FROM scopes WHERE partition = ? AND region = ? AND account = ?")?
        .query_row(
            params![location.partition().as_str(), location.region().as_str(), location.account().as_str()],
            |row| row.get(0),
        )
        .optional()
}

/// The number of a location in the table `scopes`, added if needed.
pub(super) fn add_scope(connection: &Connection, location: &Location) -> rusqlite::Result<i64> {
    if let Some(number) = scope(connection, location)? {
        return Ok(number);
    }
    connection.prepare_cached("INSERT INTO scopes (partition, region, account) VALUES (?, ?, ?)")?.insert(params![
        location.partition().as_str(),
        location.region().as_str(),
        location.account().as_str()
    ])
}
