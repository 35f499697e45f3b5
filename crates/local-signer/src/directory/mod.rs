//! The directory with the state of a local signer: permissions, locking and durable file writes.

pub(crate) mod restored;

use std::fs::{File, TryLockError};
use std::io;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use files::{FileError, check_content, check_parent};

use self::restored::{RESTORED, RESTORING};
use super::config::FILE_NAME;

/// Why a local signer cannot use a directory.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another process serves the directory.
    #[error(
        "{path} is already served by another process{holder}; stop it, or choose another directory",
        path = path.display(),
        holder = holder.as_deref().map(|pid| format!(" (id {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The id of the other process, from the lock file.
        holder: Option<String>,
    },
    /// The directory holds other data, such as an image layout.
    #[error(
        "{path} is not a directory of a local signer (it contains {found:?}); choose another directory, or one that \
         does not exist yet",
        path = path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// A file in the directory.
        found: String,
    },
    /// Other users could replace the keys in this directory.
    #[error(
        "other users may write to {path}; run `chmod 700 {path}`, or choose another directory",
        path = .0.display()
    )]
    Writable(PathBuf),
    /// Another user could change the directory, one above it or a file in it.
    #[error("other users must not be able to change the state of a local signer: {0}")]
    Untrusted(#[from] FileError),
    /// A file or directory could not be created, read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

/// Attaches a path to an I/O error.
pub fn at(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError {
    let path = path.to_owned();
    move |source| DirectoryError::Io { path, source }
}

/// A directory that this process has locked, until the value is dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    // The system releases the lock when the process ends, even after a crash.
    _lock: File,
}

impl Directory {
    /// Opens and locks `path`, which is created with mode 0700 if it does not exist.
    ///
    /// # Errors
    /// Returns [`DirectoryError`] if the directory is in use, holds other data, is writable by others, or cannot be
    /// accessed.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let path = prepare(path)?;
        let lock_path = path.join("lock");
        let mut lock = files::open_lock(&lock_path).map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The process id is optional: the message is correct without it.
                let _ = lock.take(20).read_to_string(&mut holder);
                let holder = Some(holder.trim().to_owned()).filter(|pid| !pid.is_empty());
                return Err(DirectoryError::InUse { path, holder });
            }
            Err(TryLockError::Error(error)) => return Err(at(&lock_path)(error)),
        }
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(at(&lock_path))?;
        // A restore that was interrupted is completed before anything reads the state.
        restored::complete(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// The directory, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Creates the directory `path` with mode 0700 if it does not exist, checks it, and returns its absolute path. Does not
/// lock it: a service may run in it.
///
/// # Errors
/// Returns [`DirectoryError`] if the directory holds other data, is writable by others, or cannot be accessed.
pub fn prepare(path: &Path) -> Result<PathBuf, DirectoryError> {
    make_private(path)?;
    let path = path.canonicalize().map_err(at(path))?;
    check_own(&path)?;
    for name in CONTENT {
        check_content(&path.join(name))?;
    }
    Ok(path)
}

/// Creates `path` and its parents; rejects a directory that other users own or may write to, also one above it.
fn make_private(path: &Path) -> Result<(), DirectoryError> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_dir() => Err(at(path)(io::ErrorKind::NotADirectory.into())),
        Ok(metadata) if metadata.mode() & 0o022 != 0 => Err(DirectoryError::Writable(path.to_owned())),
        Ok(_) => Ok(check_parent(path)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            files::create_folders(path, 0o700).map_err(at(path))?;
            Ok(check_parent(path)?)
        }
        Err(error) => Err(at(path)(error)),
    }
}

/// What a directory may contain. Nothing of it may be a link, which would lead writing elsewhere, or belong to another
/// user.
const CONTENT: [&str; 21] = [
    "lock",
    "credentials",
    "principals.json",
    "principals.lock",
    "certificates",
    RESTORED,
    RESTORING,
    "ca.new",
    "ca",
    "ca/root.pem",
    "ca/root-key.pem",
    "ca/intermediate.pem",
    "ca/intermediate-key.pem",
    "ca/leaf.pem",
    "certificates",
    "jobs",
    "ca/leaf-key.pem",
    STORE,
    "signer.db-wal",
    "signer.db-shm",
    "signer.db-journal",
];

/// The files of a local signer that may exist without a database, after its first start was interrupted.
const OWN: [&str; 10] = [
    "lock",
    "credentials",
    "principals.json",
    "principals.lock",
    "ca",
    "ca.new",
    "certificates",
    "jobs",
    RESTORED,
    RESTORING,
];
/// The database.
pub const STORE: &str = "signer.db";
/// The other files and folders of the state, which a snapshot contains beside the database.
pub const STATE: [&str; 4] = ["ca", "certificates", "credentials", "principals.json"];

/// Rejects a directory with other data. A directory with a database may contain any other files too, and so may one
/// with a configuration: it was made for a local signer, and the configuration may name files in it.
fn check_own(path: &Path) -> Result<(), DirectoryError> {
    if path.join(STORE).is_file() || path.join(FILE_NAME).is_file() {
        return Ok(());
    }
    for entry in path.read_dir().map_err(at(path))? {
        let name = entry.map_err(at(path))?.file_name().to_string_lossy().into_owned();
        if !OWN.contains(&name.as_str()) && !name.starts_with(".tmp") {
            return Err(DirectoryError::Foreign { path: path.to_owned(), found: name });
        }
    }
    Ok(())
}

/// Replaces a file with one that only this user may read. After a crash, the file is either complete or unchanged.
///
/// # Errors
/// Returns [`DirectoryError::Io`] if the file cannot be written.
pub fn write_private(path: &Path, contents: &[u8]) -> Result<(), DirectoryError> {
    files::replace(path, contents, 0o600).map_err(at(path))
}

/// Syncs the directory that contains `path`, so that renames in it are durable.
///
/// # Errors
/// Returns [`DirectoryError::Io`] if the directory cannot be synced.
pub fn sync_parent(path: &Path) -> Result<(), DirectoryError> {
    let parent = path.parent().unwrap_or(path);
    files::sync_folder(parent).map_err(at(parent))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn creates_private_directories() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::open(&parent.path().join("a/b")).unwrap();
        assert_eq!(mode(directory.path()), 0o700);
        assert_eq!(mode(&directory.path().join("lock")), 0o600);
    }

    #[test]
    fn locks_the_directory() {
        let parent = tempfile::tempdir().unwrap();
        let first = Directory::open(parent.path()).unwrap();
        let error = Directory::open(parent.path()).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, DirectoryError::InUse { .. }), "{message}");
        assert!(message.contains(&format!("(id {})", std::process::id())), "{message}");
        drop(first);
        Directory::open(parent.path()).unwrap();
    }

    #[test]
    fn rejects_and_keeps_directories_with_other_data() {
        let parent = tempfile::tempdir().unwrap();
        std::fs::write(parent.path().join("oci-layout"), "{}").unwrap();
        let error = Directory::open(parent.path()).unwrap_err();
        assert!(matches!(error, DirectoryError::Foreign { .. }), "{error}");
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
        // A directory with a database and other files, and one of an interrupted first start, are accepted.
        std::fs::write(parent.path().join(STORE), "").unwrap();
        Directory::open(parent.path()).unwrap();
        let begun = tempfile::tempdir().unwrap();
        std::fs::write(begun.path().join("credentials"), "").unwrap();
        Directory::open(begun.path()).unwrap();
        // One with a configuration, which may name other files, is accepted, too.
        let configured = tempfile::tempdir().unwrap();
        std::fs::write(configured.path().join("config.yaml"), "version: 1").unwrap();
        std::fs::write(configured.path().join("key.pem"), "").unwrap();
        Directory::open(configured.path()).unwrap();
    }

    #[test]
    fn rejects_directories_writable_by_others() {
        let parent = tempfile::tempdir().unwrap();
        std::fs::set_permissions(parent.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(Directory::open(parent.path()), Err(DirectoryError::Writable(_))));
    }

    #[test]
    fn replaces_files_with_private_ones() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file.pem");
        std::fs::write(&path, "old").unwrap();
        write_private(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1, "a temporary file was left behind");
    }
}
