//! Writing to notation's configuration folder: files and folders are private to the user, files are written atomically,
//! and what they replace is kept as a `.bak` file.

use std::path::{Path, PathBuf};
use std::{fs, io};

use files::{self, FileError, check_parent};
use notary::trust::policy::TrustStoreName;

use super::{FolderError, NotationFolder};

/// The mode of files, as in notation.
const FILE_MODE: u32 = 0o600;

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Its path.
    pub path: PathBuf,
    /// The backup of the file that it replaces, if it replaces one with other content.
    pub backup: Option<PathBuf>,
}

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
    pub fn write_trust_policy(&self, document: &str) -> Result<Vec<WrittenFile>, FolderError> {
        let path = self.trust_policy_file();
        super::TrustPolicyDocument::parse(document.as_bytes())
            .map_err(|source| FolderError::Policy { path: path.clone(), source: Box::new(source) })?;
        let mut paths = self.existing_trust_policy_files();
        if !paths.contains(&path) {
            paths.insert(0, path);
        }
        Ok(paths.into_iter().map(|path| write_policy(path, document)).collect::<Result<_, _>>()?)
    }

    /// Writes a document for blobs.
    ///
    /// # Errors
    /// Returns [`FolderError::Policy`] if the document is invalid, and [`FolderError::File`] if it cannot be written.
    pub fn write_blob_trust_policy(&self, document: &str) -> Result<WrittenFile, FolderError> {
        let path = self.blob_trust_policy_file();
        super::BlobTrustPolicyDocument::parse(document.as_bytes())
            .map_err(|source| FolderError::Policy { path: path.clone(), source: Box::new(source) })?;
        Ok(write_policy(path, document)?)
    }

    /// The folder for backups of a trust store's files. In the store itself they would be trusted still.
    pub(super) fn backup_folder(&self, store: &TrustStoreName) -> PathBuf {
        self.root.join("truststore.bak").join(store.store_type().as_str()).join(store.name())
    }
}

fn write_policy(path: PathBuf, document: &str) -> Result<WrittenFile, FileError> {
    let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
    let backup = write(&path, document.as_bytes(), &folder)?;
    Ok(WrittenFile { path, backup })
}

/// Writes a file in notation's folder, creating missing folders. If it replaces a file with other content, that is kept
/// in the folder `backups`. Returns the backup.
pub(super) fn write(path: &Path, content: &[u8], backups: &Path) -> Result<Option<PathBuf>, FileError> {
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
    let is_same = fs::metadata(path).is_ok_and(|there| there.len() == content.len() as u64)
        && fs::read(path).is_ok_and(|there| there == content);
    let backup = if is_same { None } else { back_up(path, backups)? };
    files::replace(path, content, FILE_MODE).map_err(error)?;
    Ok(backup)
}

/// Keeps a file in the folder `backups`.
pub(super) fn back_up(path: &Path, backups: &Path) -> Result<Option<PathBuf>, FileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    files::back_up(path, backups, &name).map_err(|source| FileError::Io { path: backups.join(&*name), source })
}

/// Creates a folder and its parents with mode 0700. Other users must not be able to change an existing one.
fn make_folder(folder: &Path) -> Result<(), FileError> {
    let error = |source: io::Error| FileError::Io { path: folder.to_owned(), source };
    files::create_folders(folder, 0o700).map_err(error)?;
    check_parent(folder)
}
