//! A transaction of several statements that only read.

use std::ops::Deref;

use rusqlite::Connection;

use super::StoreError;

/// A transaction that ends when this is dropped. Its statements see one state of the database, and SQLite locks the
/// files once instead of for each statement.
pub(super) struct Reading<'a>(&'a Connection);

impl<'a> Reading<'a> {
    /// Begins the transaction.
    pub(super) fn begin(connection: &'a Connection) -> Result<Self, StoreError> {
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self(connection))
    }
}

impl Deref for Reading<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        // There is nothing to lose: a transaction that only read can end in no other way.
        let ended = self.0.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]));
        if let Err(error) = ended {
            tracing::error!("a connection of the database is stuck in a transaction: {error}");
        }
    }
}
