//! Temporary files of a layout. Content is written to one and renamed when it is complete.
//!
//! A process that is killed leaves its temporary files behind. The next writer removes them: the writer of a file holds
//! a lock on it, and a file that nothing holds is left over.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use tempfile::NamedTempFile;

const PREFIX: &str = ".notation-aws-signer-";
const SUFFIX: &str = ".part";
/// How often a file is created anew because a sweep took it.
const CREATIONS: u32 = 16;
/// The most names that a sweep reads of one folder.
const MAX_NAMES: usize = 1_000_000;

/// Creates a temporary file in this folder, readable for all users if the umask allows it. It is removed when it is
/// dropped.
pub(super) fn create(folder: &Path) -> io::Result<NamedTempFile> {
    for _ in 0..CREATIONS {
        let mut builder = tempfile::Builder::new();
        let file = builder.prefix(PREFIX).suffix(SUFFIX).permissions(Permissions::from_mode(0o644)).tempfile_in(folder);
        // Drop the path from the error: the user does not know the temporary file.
        let file = file.map_err(|why| io::Error::from(why.kind()))?;
        match file.as_file().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => continue,
            // The file system has no locks, so no sweep removes the file.
            Err(TryLockError::Error(_)) => return Ok(file),
        }
        // A sweep may have removed the file before it was locked.
        if file.as_file().metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "temporary files keep disappearing"))
}

/// Removes the temporary files that earlier writers left in this folder. What cannot be removed stays.
pub(super) fn sweep(folder: &Path) {
    let Ok(names) = folder.read_dir() else { return };
    for entry in names.take(MAX_NAMES).flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        // Not of links, which are not followed here.
        if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let path = entry.path();
        let Ok(file) = open(&path) else { continue };
        if file.try_lock().is_ok() && std::fs::remove_file(&path).is_ok() {
            tracing::info!(path = %path.display(), "removed a temporary file that an interrupted write left");
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_sweep_removes_what_nothing_writes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let written = create(folder.path()).unwrap();
        let left = folder.path().join(".notation-aws-signer-abcdef.part");
        std::fs::write(&left, b"half").unwrap();
        for other in ["e3b0c442", ".tmpabcdef", "oci-put-blob123", ".notation-aws-signer-notes"] {
            std::fs::write(folder.path().join(other), b"").unwrap();
        }
        sweep(folder.path());
        assert!(written.path().exists() && !left.exists());
        assert_eq!(folder.path().read_dir().unwrap().count(), 5);
        drop(written);
        assert_eq!(folder.path().read_dir().unwrap().count(), 4);
    }
}
