//! Reading the files that trust rests on: regular files that nobody else can write to, of a bounded size.
//!
//! notation 1.3.2 looks for symbolic links only, and reads files and folders that every user of the machine may write to. Who
//! can write to a trust policy or a trust store decides what is trusted, so they are refused here.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Why a file or a folder is not read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there.
    #[error("{path} does not exist", path = .0.display())]
    Missing(PathBuf),
    /// The system refuses.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is something else than it must be, for example a symbolic link.
    #[error("{path} is {found}; it must be {expected} itself", path = path.display())]
    Kind {
        /// The file or folder.
        path: PathBuf,
        /// What it is.
        found: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// Others may write to it.
    #[error(
        "other users may write to {path} and so decide what is trusted: check what is in it, then run `chmod o-w {path}`",
        path = .0.display()
    )]
    Writable(PathBuf),
    /// It is larger than such a file is.
    #[error("{path} has more than {most} bytes", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How many bytes are read.
        most: u64,
    },
    /// It became another file while it was opened.
    #[error("{path} was replaced while it was read; try again", path = .0.display())]
    Replaced(PathBuf),
}

impl FileError {
    fn io(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing(path.to_owned()),
            _ => Self::Io { path: path.to_owned(), source },
        }
    }
}

/// Reads a regular file, which is no symbolic link, to its end.
pub fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let io = |source| FileError::io(path, source);
    let seen = fs::symlink_metadata(path).map_err(io)?;
    if !seen.is_file() {
        return Err(FileError::Kind { path: path.to_owned(), found: kind(&seen), expected: "a regular file" });
    }
    let file = File::open(path).map_err(io)?;
    let opened = file.metadata().map_err(io)?;
    if (opened.dev(), opened.ino()) != (seen.dev(), seen.ino()) {
        return Err(FileError::Replaced(path.to_owned()));
    }
    check_writers(path, &opened)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > most {
        return Err(FileError::TooLarge { path: path.to_owned(), most });
    }
    Ok(bytes)
}

/// Checks a folder that must not be a symbolic link.
pub fn check_folder(path: &Path) -> Result<(), FileError> {
    let seen = fs::symlink_metadata(path).map_err(|source| FileError::io(path, source))?;
    if !seen.is_dir() {
        return Err(FileError::Kind { path: path.to_owned(), found: kind(&seen), expected: "a folder" });
    }
    check_writers(path, &seen)
}

/// Checks a folder above those that the specification speaks of. It may be a symbolic link, as a home folder often is.
pub fn check_parent(path: &Path) -> Result<(), FileError> {
    check_writers(path, &fs::metadata(path).map_err(|source| FileError::io(path, source))?)
}

/// Checks a program that is to be run: a regular file that nobody else may write to, in a folder of the same kind.
pub fn check_program(path: &Path) -> Result<(), FileError> {
    if let Some(folder) = path.parent() {
        check_folder(folder)?;
        folder.parent().map_or(Ok(()), check_parent)?;
    }
    let seen = fs::symlink_metadata(path).map_err(|source| FileError::io(path, source))?;
    if !seen.is_file() || seen.mode() & 0o111 == 0 {
        let found = if seen.is_file() { "a file that is not executable" } else { kind(&seen) };
        return Err(FileError::Kind { path: path.to_owned(), found, expected: "an executable regular file" });
    }
    check_writers(path, &seen)
}

/// Who is in the group was decided by somebody; with the usual umask of 002 it is the user alone.
fn check_writers(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    if metadata.mode() & 0o002 == 0 { Ok(()) } else { Err(FileError::Writable(path.to_owned())) }
}

fn kind(metadata: &Metadata) -> &'static str {
    match metadata.file_type() {
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_dir() => "a folder",
        kind if kind.is_file() => "a file",
        _ => "a special file",
    }
}
