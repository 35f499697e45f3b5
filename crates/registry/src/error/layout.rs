//! Why a layout cannot be read or written.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notary::manifest::ManifestError;
use notary::text::printable;
use notary::{Advice, Digest, Disposition, ReasonCode};

/// Why a layout cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A file cannot be read or written.
    #[error("{path}: {source}{}", missing_blob(.path, .source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The folder is not an OCI image layout.
    #[error("{path} is not an OCI image layout: {why}")]
    NotALayout {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// The index, `index.json`, is malformed.
    #[error("{path}: {source}")]
    Index {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ManifestError,
    },
    /// A manifest is malformed or unsupported.
    #[error("{path}: {source}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ManifestError,
    },
    /// Content does not match its descriptor.
    #[error("the content of {digest} is wrong: {why}")]
    Content {
        /// The requested digest.
        digest: Digest,
        /// The difference.
        why: &'static str,
    },
    /// Entries of the index contradict each other: another program could choose another entry.
    #[error("{path} has more than one artifact {reference:?}")]
    Ambiguous {
        /// The folder.
        path: PathBuf,
        /// The tag or digest.
        reference: String,
    },
    /// Other writers, or a reader that holds the lock, kept the folder too long.
    #[error("{path} is locked by another process; waited {} s for it", .within.as_secs_f64())]
    Locked {
        /// The folder.
        path: PathBuf,
        /// How long this program waited.
        within: Duration,
    },
    /// An artifact has more signatures than the limit.
    #[error("{path}: the artifact has more than {most} signatures, the limit")]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// The limit.
        most: usize,
    },
    /// The manifests of the layout are larger than what one operation reads.
    #[error("{path}: the manifests that the index lists have more than {most} bytes, the limit")]
    TooMuch {
        /// The folder.
        path: PathBuf,
        /// The limit in bytes.
        most: u64,
    },
    /// No artifact has this name or digest.
    #[error("{path} has no artifact {reference:?}; {}", named(.tags))]
    NotFound {
        /// The folder.
        path: PathBuf,
        /// The name or digest.
        reference: String,
        /// The names in the layout.
        tags: Vec<String>,
    },
}

impl LayoutError {
    /// The kind of the failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => ReasonCode::NotFound,
                io::ErrorKind::PermissionDenied => ReasonCode::Denied,
                _ => ReasonCode::File,
            },
            Self::NotALayout { .. } | Self::Index { .. } | Self::Manifest { .. } | Self::Ambiguous { .. } => {
                ReasonCode::Configuration
            }
            Self::Content { .. } => ReasonCode::WrongContent,
            Self::Locked { .. } => ReasonCode::Contention,
            Self::TooMany { .. } | Self::TooMuch { .. } => ReasonCode::TooMany,
            Self::NotFound { .. } => ReasonCode::NotFound,
        }
    }

    /// What the failure means for the caller.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code().disposition()
    }

    /// What to do about it, if the error does not say so already.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::TooMany { .. } => Some(Advice::RaiseLimit { what: "signatures" }),
            Self::Locked { .. } => Some(Advice::WaitForProcess),
            _ => None,
        }
    }
}

/// The most names that an error shows.
const MAX_TAGS: usize = 10;

/// Names come from the layout and can have any content: they are shortened and made printable.
fn named(tags: &[String]) -> String {
    if tags.is_empty() {
        return "it has no names".to_owned();
    }
    let more = if tags.len() > MAX_TAGS { format!(" and {} more", tags.len() - MAX_TAGS) } else { String::new() };
    let short = |tag: &String| printable(&tag.chars().take(128).collect::<String>());
    format!("its names are {}{more}", tags.iter().take(MAX_TAGS).map(short).collect::<Vec<_>>().join(", "))
}

/// What it means that a blob is missing, which is looked for only if an index or a manifest lists it.
fn missing_blob(path: &Path, source: &io::Error) -> &'static str {
    let is_digest = |name: &str| name.len() >= 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
    let is_blob = path.file_name().and_then(|name| name.to_str()).is_some_and(is_digest);
    match source.kind() {
        io::ErrorKind::NotFound if is_blob => {
            "; the layout lists this content but does not have it, as after a copy of some platforms only"
        }
        _ => "",
    }
}

pub(crate) fn io_error(path: &Path) -> impl Fn(io::Error) -> LayoutError {
    move |source| LayoutError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_blob_is_told_from_another_missing_file() {
        let said = |path: String| io_error(path.as_ref())(io::ErrorKind::NotFound.into()).to_string();
        assert!(said(format!("layout/blobs/sha256/{}", "c".repeat(64))).contains("lists this content"));
        assert!(!said("layout/index.json".to_owned()).contains("lists"));
    }
}
