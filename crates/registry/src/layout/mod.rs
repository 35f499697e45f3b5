//! OCI image layout folders: image-spec, `image-layout.md`.
//!
//! A crash during a write does not damage a layout: content is written to a temporary file, synchronised and renamed,
//! and the index is written last. A lock on the folder serialises its writers.

mod artifacts;
mod content;
mod entries;
mod lock;
mod nested;
mod reads;
mod streams;
mod temporary;

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io};

use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use notary::{Digest, json};
use serde_json::json;

pub(crate) use self::content::type_of_referrer;
pub use self::entries::parse_layout_index;
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
    /// Whether left temporary files were removed.
    swept: Arc<AtomicBool>,
    /// The subjects of the signatures among the manifests that were read, `None` for other manifests: with
    /// `--recursive`, the signatures of many artifacts are listed. Manifests do not change, as their digest is their
    /// name.
    subjects: Arc<Mutex<HashMap<Digest, Option<Digest>>>>,
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
        let layout = Self::at(root.into()).waiting_at_most(wait);
        let blobs = layout.root.join("blobs");
        files::create_folders(&blobs, 0o777).map_err(io_error(&blobs))?;
        let _lock = layout.lock_blocking()?;
        if !layout.index_path().exists() {
            layout.write_file(&layout.root.join("oci-layout"), VERSION.as_bytes())?;
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
        Ok(Self::at(root))
    }

    fn at(root: PathBuf) -> Self {
        Self { root, wait: WAIT, swept: Arc::default(), subjects: Arc::default() }
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

    /// Writes a file in one step, readable for all users if the umask allows it.
    fn write_file(&self, path: &Path, content: &[u8]) -> Result<(), LayoutError> {
        self.sweep();
        let folder = path.parent().unwrap_or(&self.root);
        let write = || {
            let mut temporary = temporary::create(folder)?;
            temporary.write_all(content)?;
            temporary.as_file().sync_all()?;
            temporary.persist(path)?;
            files::sync_folder(folder)
        };
        write().map_err(io_error(path))
    }

    /// What is known of a manifest that was read before: the subject that it signs, or `None` if it is not a signature.
    fn known_subject(&self, manifest: &Digest) -> Option<Option<Digest>> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner).get(manifest).cloned()
    }

    fn remember_subject(&self, manifest: Digest, subject: Option<Digest>) {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner).insert(manifest, subject);
    }

    /// Removes the temporary files of interrupted writers, once.
    fn sweep(&self) {
        if self.swept.swap(true, Ordering::Relaxed) {
            return;
        }
        temporary::sweep(&self.root);
        for algorithm in ["sha256", "sha384", "sha512"] {
            temporary::sweep(&self.root.join("blobs").join(algorithm));
        }
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

#[cfg(test)]
mod tests;
