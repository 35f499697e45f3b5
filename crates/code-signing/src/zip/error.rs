//! Why a zip file is refused.

use std::io;

use notary::text::start_of;

use super::limits::Limits;

/// A zip file that is not signed, or whose signature is not verified.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// The file has no bytes, or the archive no entries.
    #[error("the zip file is empty")]
    Empty,
    /// The archive is signed already.
    #[error("the zip file already has a signature")]
    AlreadySigned,
    /// The archive has no signature.
    #[error("the zip file has no signature: it has no entry {0}")]
    NotSigned(&'static str),
    /// The file has more bytes than the platform signs.
    #[error("the zip file has {size} bytes, at most {most} are allowed")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The maximum size in bytes.
        most: u64,
    },
    /// The archive has too many entries.
    #[error("the zip file has {entries} entries, at most {most} are allowed")]
    TooManyEntries {
        /// The number of entries.
        entries: u64,
        /// The maximum number.
        most: u64,
    },
    /// The entries have more bytes than may be unpacked: a large archive, or a zip bomb.
    #[error("the entries of the zip file have more than {most} bytes when unpacked")]
    TooLargeUnpacked {
        /// The maximum in bytes.
        most: u64,
    },
    /// The structure of the file is broken or ambiguous.
    #[error("the zip file is malformed: {0}")]
    Malformed(&'static str),
    /// An entry is broken, ambiguous, or not supported.
    #[error("the zip file is malformed: entry {name:?}: {problem}")]
    Entry {
        /// The name of the entry.
        name: String,
        /// The problem.
        problem: &'static str,
    },
    /// Reading failed.
    #[error("the zip file cannot be read: {0}")]
    Read(#[from] io::Error),
}

impl ZipError {
    pub(crate) fn entry(name: &str, problem: &'static str) -> Self {
        Self::Entry { name: start_of(name), problem }
    }

    pub(crate) fn too_large(size: u64, limits: &Limits) -> Self {
        Self::TooLarge { size, most: limits.size }
    }
}
