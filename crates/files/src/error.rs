//! Why a file or folder is not used.

use std::io;
use std::path::{Path, PathBuf};

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
    /// Other users can write to it.
    #[error(
        "other users may write to {path} and change what is trusted: check its content, then run `chmod {remedy} {path}`",
        path = path.display()
    )]
    Writable {
        /// The file or folder.
        path: PathBuf,
        /// The change of the mode that prevents it.
        remedy: &'static str,
    },
    /// It belongs to another user, who can change it at any time.
    #[error(
        "{path} belongs to another user (id {owner}), who can change it at any time: check its content, then use a \
         copy that belongs to you or to root, in a folder that does, too",
        path = path.display()
    )]
    Owner {
        /// The file or folder.
        path: PathBuf,
        /// The id of its owner.
        owner: u32,
    },
    /// It is a symbolic link that another user may have placed there.
    #[error(
        "{path} is a symbolic link of another user (id {owner}), which is not followed: name the file itself, or \
         another one",
        path = path.display()
    )]
    Link {
        /// The symbolic link.
        path: PathBuf,
        /// The id of its owner.
        owner: u32,
    },
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
    /// The error of reading a file that a user names.
    #[must_use]
    pub fn reading(path: &Path, why: io::Error) -> Self {
        match why.kind() {
            io::ErrorKind::IsADirectory => {
                Self::Kind { path: path.to_owned(), found: "a folder", expected: "a regular file" }
            }
            _ => Self::io(path, why),
        }
    }

    pub(crate) fn io(path: &Path, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing(path.to_owned()),
            _ => Self::Io { path: path.to_owned(), source },
        }
    }
}

/// Errors of the system keep their kind, and their text without the path, which callers add.
impl From<FileError> for io::Error {
    fn from(why: FileError) -> Self {
        match why {
            FileError::Missing(_) => io::ErrorKind::NotFound.into(),
            FileError::Io { source, .. } => source,
            FileError::TooLarge { .. } => io::Error::new(io::ErrorKind::FileTooLarge, why),
            FileError::Writable { .. } | FileError::Owner { .. } | FileError::Link { .. } => {
                io::Error::new(io::ErrorKind::PermissionDenied, why)
            }
            FileError::Kind { .. } | FileError::Replaced(_) => io::Error::new(io::ErrorKind::InvalidInput, why),
        }
    }
}
