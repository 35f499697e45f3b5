//! The last step of a restore: a complete state in the folder `.restored` takes the place of the old one. The
//! next process that opens the directory completes the step, so that a crash in it does not matter.

use std::path::Path;
use std::{fs, io};

use serde::Deserialize;

use super::{DirectoryError, STATE, STORE, at};

/// The folder of a restored state that takes effect when the directory is opened.
pub const RESTORED: &str = ".restored";
/// The folder of a restored state that is not complete.
pub const RESTORING: &str = ".restoring";
/// The file in it that lists the others.
pub const MANIFEST: &str = "manifest.json";
/// The logs of the database.
pub const LOGS: [&str; 3] = ["signer.db-wal", "signer.db-shm", "signer.db-journal"];

/// What this step needs of the manifest.
#[derive(Deserialize)]
struct Listed {
    files: Vec<ListedFile>,
}

#[derive(Deserialize)]
struct ListedFile {
    path: String,
}

/// Puts a restored state in place, if there is one. Can be repeated after a crash at any point. The directory must be
/// locked.
///
/// # Errors
/// Returns [`DirectoryError`] if a file cannot be moved or removed.
pub fn complete(directory: &Path) -> Result<(), DirectoryError> {
    remove(&directory.join(RESTORING))?;
    let restored = directory.join(RESTORED);
    if restored.symlink_metadata().is_err() {
        return Ok(());
    }
    let path = restored.join(MANIFEST);
    let Some(listed) = listed(&path)? else {
        // It is removed last: everything else was moved.
        return remove(&restored);
    };
    // The logs belong to the old database, and would be applied to the new one.
    for log in LOGS {
        remove(&directory.join(log))?;
    }
    for name in STATE.into_iter().chain([STORE]) {
        let (new, old) = (restored.join(name), directory.join(name));
        if new.symlink_metadata().is_ok() {
            remove(&old)?;
            fs::rename(&new, &old).map_err(at(&old))?;
        } else if !listed.files.iter().any(|file| file.path.split('/').next() == Some(name)) {
            // What is listed and not there any more was moved before a crash.
            remove(&old)?;
        }
    }
    files::sync_folder(directory).map_err(at(directory))?;
    remove(&path)?;
    remove(&restored)?;
    files::sync_folder(directory).map_err(at(directory))
}

fn listed(path: &Path) -> Result<Option<Listed>, DirectoryError> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| at(path)(io::Error::other(error))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path)(error)),
    }
}

/// Removes a file or a folder, if it exists.
///
/// # Errors
/// Returns [`DirectoryError::Io`] if it cannot be removed.
pub fn remove(path: &Path) -> Result<(), DirectoryError> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path)(error)),
        _ => Ok(()),
    }
}
