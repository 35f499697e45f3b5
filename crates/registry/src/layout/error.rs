//! Why a layout cannot be read or written.

use std::io;
use std::path::{Path, PathBuf};

use notary::Digest;
use notary::manifest::ManifestError;
use notary::text::printable;

/// Why a layout cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
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
    /// A manifest or the index cannot be understood.
    #[error("{path}: {source}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ManifestError,
    },
    /// Content is not what its descriptor says.
    #[error("the content of {digest} is not what its descriptor says: {why}")]
    Content {
        /// The digest by which it was asked for.
        digest: Digest,
        /// The size or the digest differs.
        why: &'static str,
    },
    /// Entries of the index contradict each other, and other programs may take another one.
    #[error("{path} describes more than one artifact as {reference:?}")]
    Ambiguous {
        /// The folder.
        path: PathBuf,
        /// The tag or digest.
        reference: String,
    },
    /// An artifact has more signatures than are looked at.
    #[error("{path}: the artifact has more than {most} signatures, the most that are looked at")]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// How many are looked at.
        most: usize,
    },
    /// No artifact has this tag or digest.
    #[error("{path} has no artifact {reference:?}; {}", named(.tags))]
    NotFound {
        /// The folder.
        path: PathBuf,
        /// The tag or digest.
        reference: String,
        /// The tags that there are.
        tags: Vec<String>,
    },
}

/// How many tags are named.
const MAX_TAGS: usize = 10;

/// Whoever wrote the layout chose the tags.
fn named(tags: &[String]) -> String {
    if tags.is_empty() {
        return "it has no tags".to_owned();
    }
    let more = if tags.len() > MAX_TAGS { format!(" and {} more", tags.len() - MAX_TAGS) } else { String::new() };
    let short = |tag: &String| printable(&tag.chars().take(128).collect::<String>());
    format!("its tags are {}{more}", tags.iter().take(MAX_TAGS).map(short).collect::<Vec<_>>().join(", "))
}

pub(crate) fn io_error(path: &Path) -> impl Fn(io::Error) -> LayoutError {
    move |source| LayoutError::Io { path: path.to_owned(), source }
}
