//! Snapshots: the whole state of a local signer in one file, made while it serves, and restored in one step.
//!
//! The file is a tar archive with mode 0600. `manifest.json`, its first entry, has the version of the format and the
//! size and the SHA-256 of every other entry: the database, the certificate authority with its keys, the access keys,
//! and the imported certificates. The configuration is not part of the state.

mod manifest;
mod restore;
mod save;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use self::restore::{Existing, restore};
pub use self::save::save;
use crate::ca::CaError;
use crate::credentials::CredentialsError;
use crate::directory::DirectoryError;
use crate::principals::PrincipalsError;
use crate::store::StoreError;

/// What a snapshot has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// The number of files.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Why a snapshot cannot be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The directory has no state.
    #[error("{path} has no state of a local signer to save", path = .0.display())]
    NoState(PathBuf),
    /// The directory has a state already.
    #[error("{path} already has the state of a local signer; pass --force to replace it", path = .0.display())]
    Exists(PathBuf),
    /// The database cannot be copied or read.
    #[error("the database cannot be copied: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Another process holds the database.
    #[error("another process holds the database; try again later")]
    Busy,
    /// The file is not a snapshot, or is damaged.
    #[error("{path} is not a usable snapshot: {problem}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: String,
    },
    /// A later version of this program made the snapshot.
    #[error(
        "{path} has snapshot version {found}, this program supports {known}; use a later version of the program",
        path = path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The version that this program supports.
        known: u64,
    },
    /// The restored database cannot be used.
    #[error("the database of the snapshot cannot be used: {0}")]
    Store(#[from] StoreError),
    /// The restored certificate authority cannot be used.
    #[error("the certificate authority of the snapshot cannot be used: {0}")]
    Ca(#[from] CaError),
    /// The restored users and roles cannot be used.
    #[error("the users and roles of the snapshot cannot be used: {0}")]
    Principals(#[from] PrincipalsError),
    /// The restored access keys cannot be used.
    #[error("the access keys of the snapshot cannot be used: {0}")]
    Credentials(#[from] CredentialsError),
}
