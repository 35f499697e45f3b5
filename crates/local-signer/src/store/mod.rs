//! The state of the local signer: SQLite in one file, durable before anything is answered.
//!
//! The methods block: they are called from threads that may. Every change is one transaction; with `synchronous=FULL` a
//! transaction that has returned survives the end of the process and of the machine.

mod jobs;
mod profiles;
mod revocations;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use self::jobs::{Job, JobAdded, Revocation};
pub use self::profiles::{Profile, ProfileAdded, ProfileRevocation, ProfileRevoked, ProfileStatus};
pub use self::revocations::RevocationQuery;
use super::directory::{DirectoryError, at};

/// The scripts that bring a file from each version of its schema to the next.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's error.
    #[error("the store: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file was written by a later version of this program.
    #[error("the store has the schema version {found}, this program knows {known}: use a later version of it")]
    Newer {
        /// The version in the file.
        found: u32,
        /// The latest that this program knows.
        known: u32,
    },
    /// A row holds what this program never writes.
    #[error("the store holds a damaged row: {0}")]
    Damaged(String),
    /// The file could not be made.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// The store in a file.
#[derive(Debug)]
pub struct Store {
    // Writers wait for the disk: readers have a connection of their own and do not wait with them.
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl Store {
    /// Opens the store at `path`, made (mode 0600) if there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // SQLite gives its other files the mode of this one.
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map_err(at(path))?;
        let mut writer = connect(path)?;
        migrate(&mut writer)?;
        let reader = connect(path)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(Self { writer: Mutex::new(writer), reader: Mutex::new(reader) })
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change` in a transaction, which is committed, and so durable, when this returns.
    fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        // A thread that panicked in its transaction rolled it back: the connection is as good as before.
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
