//! The state of the local signer: a SQLite database, durable before a request is answered.
//!
//! The methods block, so call them from threads that may. Every change is one transaction; with `synchronous=FULL`, a
//! committed transaction survives a crash of the process and of the machine.

mod jobs;
mod profiles;
mod revocations;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use self::jobs::{Job, JobAdded, Revocation};
pub use self::profiles::{Profile, ProfileAdded, ProfileRevocation, ProfileRevoked, ProfileStatus};
pub use self::revocations::RevocationQuery;
use super::directory::{DirectoryError, at};

/// The scripts that migrate a database from each schema version to the next.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite failed.
    #[error("the database of the local signer failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A later version of this program wrote the database.
    #[error(
        "the database has schema version {found}, this program supports up to {known}; use a later version of the program"
    )]
    Newer {
        /// The schema version of the database.
        found: u32,
        /// The latest schema version that this program supports.
        known: u32,
    },
    /// A row has values that this program never writes.
    #[error("the database has a damaged row: {0}")]
    Damaged(String),
    /// The database file could not be created.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// The database of a local signer.
#[derive(Debug)]
pub struct Store {
    // A separate connection for readers, so that they do not wait for writers and the disk.
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl Store {
    /// Opens the database at `path`, created with mode 0600 if it does not exist, and migrates its schema.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the file cannot be opened, is not a database, or was written by a later version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // SQLite creates its other files with the mode of this one.
        files::open_lock(path).map_err(at(path))?;
        let mut writer = connect(path)?;
        migrate(&mut writer)?;
        let reader = connect(path)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(Self { writer: Mutex::new(writer), reader: Mutex::new(reader) })
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change` in a transaction, which is durable when this returns.
    fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        // A panic rolls the transaction back, so the connection is still usable.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = change(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = MIGRATIONS.len() as u32;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for script in &MIGRATIONS[found as usize..] {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests;
