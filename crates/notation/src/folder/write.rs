//! Writing to notation's configuration folder: files and folders are private to the user, and files are written
//! atomically.

use std::path::{Path, PathBuf};
use std::{fs, io};

use files::{self, FileError, check_parent};

use super::{FolderError, NotationFolder};

/// The mode of files, as in notation.
const FILE_MODE: u32 = 0o600;

impl NotationFolder {
    /// Returns the path of the document for OCI artifacts that every version of notation reads.
    #[must_use]
    pub fn trust_policy_file(&self) -> PathBuf {
        self.root.join(super::OLD_OCI_POLICY)
    }

    /// Returns the path of the document for blobs.
    #[must_use]
    pub fn blob_trust_policy_file(&self) -> PathBuf {
        self.root.join(super::BLOB_POLICY)
    }

    /// Returns the paths of the existing documents for OCI artifacts.
    #[must_use]
    pub fn existing_trust_policy_files(&self) -> Vec<PathBuf> {
        let files = [super::OLD_OCI_POLICY, super::OCI_POLICY].map(|name| self.root.join(name));
        files.into_iter().filter(|file| fs::symlink_metadata(file).is_ok()).collect()
    }

    /// Writes a document for OCI artifacts to `trustpolicy.json`, and to `trustpolicy.oci.json` if that exists, since
    /// both must be equal. Returns the written files.
    ///
    /// # Errors
    /// Returns [`FolderError::Policy`] if the document is invalid, and [`FolderError::File`] if it cannot be written.
    pub fn write_trust_policy(&self, document: &str) -> Result<Vec<PathBuf>, FolderError> {
        let path = self.trust_policy_file();
        super::TrustPolicyDocument::parse(document.as_bytes())
            .map_err(|source| FolderError::Policy { path: path.clone(), source: Box::new(source) })?;
        let mut paths = self.existing_trust_policy_files();
        if !paths.contains(&path) {
            paths.insert(0, path);
        }
        paths.iter().try_for_each(|path| write(path, document.as_bytes()))?;
        Ok(paths)
    }

    /// Writes a document for blobs.
    ///
    /// # Errors
    /// Returns [`FolderError::Policy`] if the document is invalid, and [`FolderError::File`] if it cannot be written.
    pub fn write_blob_trust_policy(&self, document: &str) -> Result<PathBuf, FolderError> {
        let path = self.blob_trust_policy_file();
        super::BlobTrustPolicyDocument::parse(document.as_bytes())
            .map_err(|source| FolderError::Policy { path: path.clone(), source: Box::new(source) })?;
        write(&path, document.as_bytes())?;
        Ok(path)
    }
}

/// Writes a file in notation's folder, creating missing folders.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let error = |source: io::Error| FileError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    if fs::symlink_metadata(path).is_ok_and(|seen| !seen.is_file()) {
        return Err(FileError::Kind {
            path: path.to_owned(),
            found: "a folder, symbolic link or special file",
            expected: "a regular file",
        });
    }
    files::replace(path, content, FILE_MODE).map_err(error)
}

/// Creates a folder and its parents with mode 0700. Other users must not be able to change an existing one.
fn make_folder(folder: &Path) -> Result<(), FileError> {
    let error = |source: io::Error| FileError::Io { path: folder.to_owned(), source };
    files::create_folders(folder, 0o700).map_err(error)?;
    check_parent(folder)
}
