//! The directory that holds all of a local signer's state: who may read it, who serves it, and how files get into it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use files;

/// Why a directory cannot hold a local signer's state.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another process serves this directory.
    #[error(
        "{path} is already served by another process{holder}: stop it, or choose another directory",
        path = path.display(),
        holder = holder.as_deref().map(|pid| format!(" (id {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process id that the other process left in the lock file.
        holder: Option<String>,
    },
    /// It is somebody else's folder, such as an image layout.
    #[error(
        "{path} holds {found:?} and no state of a local signer: name another directory, or one that does not exist yet",
        path = path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// A file that is in it.
        found: String,
    },
    /// Others could replace the keys in this directory.
    #[error("other users may write to {path}: run `chmod 700 {path}`, or choose another directory", path = .0.display())]
    Writable(PathBuf),
    /// A file or directory could not be made, read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Attaches a path to what the system said of it.
pub fn at(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError {
    let path = path.to_owned();
    move |source| DirectoryError::Io { path, source }
}

/// A directory that this process alone serves, until the value is dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    // The lock lives as long as the open file: it goes with the process however that ends.
    _lock: File,
}

impl Directory {
    /// Opens `path`, which is made (mode 0700) if it does not exist, and locks it.
    ///
    /// # Errors
    /// [`DirectoryError`]: in use, open to others, or what the system said.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        make_private(path)?;
        let path = path.canonicalize().map_err(at(path))?;
        check_own(&path)?;
        let lock_path = path.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The id only helps the reader of the message: without it the message is still right.
                let _ = lock.take(20).read_to_string(&mut holder);
                let holder = Some(holder.trim().to_owned()).filter(|pid| !pid.is_empty());
                return Err(DirectoryError::InUse { path, holder });
            }
            Err(TryLockError::Error(error)) => return Err(at(&lock_path)(error)),
        }
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(at(&lock_path))?;
        Ok(Self { path, _lock: lock })
    }

    /// The directory, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes `path` and what is above it; an existing one is refused when others may write to it.
fn make_private(path: &Path) -> Result<(), DirectoryError> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_dir() => Err(at(path)(io::ErrorKind::NotADirectory.into())),
        Ok(metadata) if metadata.mode() & 0o022 != 0 => Err(DirectoryError::Writable(path.to_owned())),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(at(path))
        }
        Err(error) => Err(at(path)(error)),
    }
}

/// What is in a directory of a local signer, also of one that was stopped while it was made.
const OWN: [&str; 4] = ["lock", "credentials", "ca", "ca.new"];
/// The database.
const STORE: &str = "signer.db";

/// Refuses a directory that is in use for something else. Files beside the state are nobody's business.
fn check_own(path: &Path) -> Result<(), DirectoryError> {
    if path.join(STORE).is_file() {
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

/// Writes a file that only this user may read, so that after a crash it is there whole, or as it was before.
///
/// # Errors
/// [`DirectoryError::Io`].
pub fn write_private(path: &Path, contents: &[u8]) -> Result<(), DirectoryError> {
    files::replace(path, contents, 0o600).map_err(at(path))
}

/// Makes the names in the directory that holds `path` durable.
///
/// # Errors
/// [`DirectoryError::Io`].
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
    fn a_directory_that_is_made_is_for_its_user_only() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::open(&parent.path().join("a/b")).unwrap();
        assert_eq!(mode(directory.path()), 0o700);
        assert_eq!(mode(&directory.path().join("lock")), 0o600);
    }

    #[test]
    fn a_directory_is_served_once_at_a_time() {
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
    fn a_directory_of_something_else_is_refused_and_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        std::fs::write(parent.path().join("oci-layout"), "{}").unwrap();
        let error = Directory::open(parent.path()).unwrap_err();
        assert!(matches!(error, DirectoryError::Foreign { .. }), "{error}");
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
        // A state with something beside it, and one that was only begun, are its own.
        std::fs::write(parent.path().join(STORE), "").unwrap();
        Directory::open(parent.path()).unwrap();
        let begun = tempfile::tempdir().unwrap();
        std::fs::write(begun.path().join("credentials"), "").unwrap();
        Directory::open(begun.path()).unwrap();
    }

    #[test]
    fn a_directory_that_others_may_write_to_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        std::fs::set_permissions(parent.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(Directory::open(parent.path()), Err(DirectoryError::Writable(_))));
    }

    #[test]
    fn a_private_file_replaces_what_was_there_and_only_its_user_may_read_it() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file.pem");
        std::fs::write(&path, "old").unwrap();
        write_private(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1, "something was left beside it");
    }
}
