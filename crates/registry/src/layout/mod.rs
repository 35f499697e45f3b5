//! OCI image layout folders: image-spec, `image-layout.md`.
//!
//! A crash during a write does not damage a layout: content is written to a temporary file, synchronised and renamed,
//! and the index is written last. A lock on the folder serialises its writers.

mod artifacts;
mod content;
mod lock;
mod streams;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use notary::json;
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use serde_json::json;

pub use self::content::parse_layout_index;
pub(crate) use self::content::type_of_referrer;
use crate::error::{LayoutError, io_error};

/// The largest manifest that is read, in bytes.
const MAX_MANIFEST: u64 = 4 * 1024 * 1024;
const TAG: &str = "org.opencontainers.image.ref.name";
/// The longest wait for other writers, unless the caller sets another: the time for one registry request.
const WAIT: Duration = Duration::from_secs(60);
const VERSION: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// An OCI image layout folder.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
    /// The longest wait for other writers.
    wait: Duration,
}

impl Layout {
    /// Opens a layout, or creates an empty one if the folder has none.
    ///
    /// # Errors
    /// Returns [`LayoutError`] if the folder cannot be written or has other content.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, LayoutError> {
        Self::create_waiting(root, WAIT)
    }

    /// As [`Self::create`], waiting at most this long for other writers, now and later.
    ///
    /// # Errors
    /// See [`Self::create`].
    pub fn create_waiting(root: impl Into<PathBuf>, wait: Duration) -> Result<Self, LayoutError> {
        let layout = Self { root: root.into(), wait };
        let blobs = layout.root.join("blobs");
        files::create_folders(&blobs, 0o777).map_err(io_error(&blobs))?;
        let _lock = layout.lock_blocking()?;
        if !layout.index_path().exists() {
            write_file(&layout.root.join("oci-layout"), VERSION.as_bytes())?;
            layout.write_index(&json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": []}))?;
        }
        Ok(Self::open(layout.root.clone())?.waiting_at_most(wait))
    }

    /// Opens an existing layout.
    ///
    /// # Errors
    /// Returns [`LayoutError::NotALayout`] if the folder is not a layout.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, LayoutError> {
        let root = root.into();
        let not_a_layout = |why: String| LayoutError::NotALayout { path: root.clone(), why };
        let marker = root.join("oci-layout");
        let bytes = read_file(&marker, MAX_MANIFEST).map_err(|why| not_a_layout(why.to_string()))?;
        let version = json::parse_object("oci-layout", &bytes)
            .and_then(|mut marker| marker.string("imageLayoutVersion"))
            .map_err(|why| not_a_layout(why.to_string()))?;
        if version != "1.0.0" {
            return Err(not_a_layout(format!("its version is {version:?}, not 1.0.0")));
        }
        Ok(Self { root, wait: WAIT })
    }

    /// Sets the longest wait for other writers of the folder.
    #[must_use]
    pub fn waiting_at_most(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }
}

fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, LayoutError> {
    let read = || {
        let mut bytes = Vec::new();
        // Check before opening: opening a pipe blocks until a writer opens it, possibly for ever.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes")));
        }
        Ok(bytes)
    };
    read().map_err(io_error(path))
}

/// Writes a file of a layout, readable for all users if the umask allows it.
fn write_file(path: &Path, content: &[u8]) -> Result<(), LayoutError> {
    files::replace(path, content, 0o644).map_err(io_error(path))
}

#[cfg(test)]
mod tests;
