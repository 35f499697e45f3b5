//! Writing to notation's configuration folder: folders and files that nobody else can write to, each file whole or not at all.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use files::{self, FileError, check_parent};

use super::{FolderError, NotationFolder};

/// The mode of files, as notation writes them.
const FILE_MODE: u32 = 0o600;

impl NotationFolder {
    /// The document for OCI artifacts that every version of notation reads.
    #[must_use]
    pub fn trust_policy_file(&self) -> PathBuf {
        self.root.join(super::OLD_OCI_POLICY)
    }

    /// The document for blobs.
    #[must_use]
    pub fn blob_trust_policy_file(&self) -> PathBuf {
        self.root.join(super::BLOB_POLICY)
    }

    /// The documents for OCI artifacts that are there.
    #[must_use]
    pub fn existing_trust_policy_files(&self) -> Vec<PathBuf> {
        let files = [super::OLD_OCI_POLICY, super::OCI_POLICY].map(|name| self.root.join(name));
        files.into_iter().filter(|file| fs::symlink_metadata(file).is_ok()).collect()
    }

    /// Writes a document for OCI artifacts to `trustpolicy.json`, and to `trustpolicy.oci.json` where that is there: both must say
    /// the same. Gives the files that were written.
    ///
    /// # Errors
    /// [`FolderError::Policy`] when it is no valid document, [`FolderError::File`] when it cannot be written.
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
    /// [`FolderError::Policy`] when it is no valid document, [`FolderError::File`] when it cannot be written.
    pub fn write_blob_trust_policy(&self, document: &str) -> Result<PathBuf, FolderError> {
        let path = self.blob_trust_policy_file();
        super::BlobTrustPolicyDocument::parse(document.as_bytes())
            .map_err(|source| FolderError::Policy { path: path.clone(), source: Box::new(source) })?;
        write(&path, document.as_bytes())?;
        Ok(path)
    }
}

/// Writes a file of notation's folder, whose folders are made where they are missing.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let error = |source: io::Error| FileError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    if fs::symlink_metadata(path).is_ok_and(|seen| !seen.is_file()) {
        return Err(FileError::Kind { path: path.to_owned(), found: "no regular file", expected: "a regular file" });
    }
    files::replace(path, content, FILE_MODE).map_err(error)
}

/// Makes a folder and those above it, for their user only. One that is there must be nobody else's to write to.
fn make_folder(folder: &Path) -> Result<(), FileError> {
    let error = |source: io::Error| FileError::Io { path: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(error)?;
    check_parent(folder)
}
