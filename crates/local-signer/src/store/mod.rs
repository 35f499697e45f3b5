//! The state of the local signer: a SQLite database, durable before a request is answered.
//!
//! Each method of [`Store`] is one transaction with typed values, and nothing of SQL leaves this module, so that
//! another engine can take its place. Changes are committed by one thread (`writer.rs`); with `synchronous=FULL`, a
//! committed transaction survives a crash of the process and of the machine. Readers have connections of their own and
//! do not wait for changes.

mod jobs;
mod permissions;
mod profiles;
mod reading;
mod regions;
mod revocations;
mod scopes;
mod settings;
mod statistics;
mod tags;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Row, TransactionBehavior};
use serde_json::value::RawValue;

pub use self::jobs::{
    Job, JobAdded, JobCursor, JobFilter, JobOutcome, JobStarted, JobStatus, ListedJob, ObjectLocation, Revocation,
    SourceObject, UnfinishedJob,
};
pub use self::permissions::{Permission, PermissionChange, Permissions};
pub use self::profiles::{
    ListedProfile, Profile, ProfileAdded, ProfileFilter, ProfileRevocation, ProfileRevoked, ProfileStatus,
};
use self::reading::Reading;
pub use self::revocations::RevocationQuery;
use self::scopes::{Scopes, add_scope, scope};
pub use self::tags::TagsChanged;
use self::writer::Writer;
use super::directory::{DirectoryError, at};

/// The scripts that migrate a database from each schema version to the next.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql"), include_str!("schema-2.sql")];

/// The connections for reading: more than the processors of a small machine, so that none waits for a lock.
const READERS: usize = 4;

/// The rows that a list examines for one page. A filter that few rows pass gives shorter pages instead of slow ones, as
/// AWS's lists do.
const MAX_EXAMINED: usize = 1000;

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite failed.
    #[error("the database of the local signer failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The changes of several requests could not be made durable.
    #[error("the database of the local signer could not commit: {0}")]
    Commit(String),
    /// A change panicked and was rolled back.
    #[error("a change of the database panicked")]
    Panicked,
    /// The thread that writes did not start.
    #[error("the thread that writes the database did not start: {0}")]
    Thread(std::io::Error),
    /// The thread that writes has ended.
    #[error("the thread that writes the database has ended")]
    Stopped,
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
    writer: Writer,
    readers: Vec<Mutex<Connection>>,
    next_reader: AtomicUsize,
    scopes: Scopes,
}

impl Store {
    /// Opens the database at `path`, created with mode 0600 if it does not exist, and migrates its schema.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the file cannot be opened, is not a database, or was written by a later version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_observed(path, |_| ())
    }

    /// As [`Store::open`]; `on_commit` gets the time of each commit.
    ///
    /// # Errors
    /// See [`Store::open`].
    pub fn open_observed(path: &Path, on_commit: impl Fn(Duration) + Send + 'static) -> Result<Self, StoreError> {
        // SQLite creates its other files with the mode of this one.
        files::open_lock(path).map_err(at(path))?;
        let mut connection = connect(path)?;
        migrate(&mut connection)?;
        let readers = (0..READERS).map(|_| {
            let reader = connect(path)?;
            reader.pragma_update(None, "query_only", true)?;
            Ok(Mutex::new(reader))
        });
        let readers = readers.collect::<Result<_, StoreError>>()?;
        let (writer, next_reader) = (Writer::start(connection, on_commit)?, AtomicUsize::new(0));
        Ok(Self { writer, readers, next_reader, scopes: Scopes::default() })
    }

    /// A connection for reading: the first one that is free.
    fn reader(&self) -> MutexGuard<'_, Connection> {
        let first = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let turn = |offset: usize| &self.readers[first.wrapping_add(offset) % READERS];
        for offset in 0..READERS {
            match turn(offset).try_lock() {
                Ok(reader) => return reader,
                // A panic during a read leaves nothing behind.
                Err(TryLockError::Poisoned(reader)) => return reader.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        turn(0).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change` in a transaction, which is durable when this returns.
    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(change).await
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Kibibytes of cached pages, for each connection.
    connection.pragma_update(None, "cache_size", -8192)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Without this, SQLite plans a statement again whenever its parameters change.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
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

/// The text of a column.
fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(column)?.as_str()?)
}

/// The text of a column that is a JSON object, as it was stored; `None` if it is not.
fn stored_object(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok().filter(|object: &&RawValue| object.get().starts_with('{'))
}

#[cfg(test)]
mod tests;
