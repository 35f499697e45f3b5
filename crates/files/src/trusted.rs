//! Reading trust policies and trust stores: regular files of limited size that are not writable by all users.
//!
//! notation 1.3.2 only rejects symbolic links. Files and folders that all users can write to are rejected here too,
//! since they would let any user decide what is trusted.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// An error while reading or writing a file or folder.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It does not exist.
    #[error("{path} does not exist", path = .0.display())]
    Missing(PathBuf),
    /// An I/O error.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
    /// It has the wrong file type; for example, it is a symbolic link.
    #[error("{path} is {found}; it must be {expected}", path = path.display())]
    Kind {
        /// The file or folder.
        path: PathBuf,
        /// The actual type.
        found: &'static str,
        /// The expected type.
        expected: &'static str,
    },
    /// All users can write to it.
    #[error(
        "other users may write to {path} and change what is trusted: check its content, then run `chmod o-w {path}`",
        path = .0.display()
    )]
    Writable(PathBuf),
    /// It is too large.
    #[error("{path} has more than {most} bytes", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The maximum size in bytes.
        most: u64,
    },
    /// Another file replaced it while it was opened.
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

/// Reads a regular file of at most `most` bytes. Symbolic links are rejected.
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

/// Checks a folder, which must not be a symbolic link.
pub fn check_folder(path: &Path) -> Result<(), FileError> {
    let seen = fs::symlink_metadata(path).map_err(|source| FileError::io(path, source))?;
    if !seen.is_dir() {
        return Err(FileError::Kind { path: path.to_owned(), found: kind(&seen), expected: "a folder" });
    }
    check_writers(path, &seen)
}

/// Checks a parent of the folders that the specification defines. It may be a symbolic link, as home folders often are.
pub fn check_parent(path: &Path) -> Result<(), FileError> {
    check_writers(path, &fs::metadata(path).map_err(|source| FileError::io(path, source))?)
}

/// Checks a program before it is run: neither the executable regular file nor its folders may be writable by all users.
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

/// Group write access is accepted: group membership is granted deliberately, and with the common umask of 002 every
/// file has it.
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
