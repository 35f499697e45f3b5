//! notation's configuration folder, `{NOTATION_CONFIG}`. Using its trust policies and trust stores makes both tools
//! trust the same signers. `trust-store-trust-policy.md`, "Trust Store" and "Trust Policy".

mod stores;
mod write;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use files::{FileError, Folder, read_file};
use notary::config_folder::{ConfigFolderError, config_folder};
use notary::trust::policy::{
    BlobTrustPolicyDocument, MAX_DOCUMENT_SIZE, PolicyError, TrustPolicyDocument, TrustStoreName,
};
pub use stores::{AddError, StoredFile};
pub use write::WrittenFile;

use crate::trust_store::{TrustStore, TrustStoreError};

/// What newer versions of notation read.
const OCI_POLICY: &str = "trustpolicy.oci.json";
/// Read by every version of notation.
const OLD_OCI_POLICY: &str = "trustpolicy.json";
const BLOB_POLICY: &str = "trustpolicy.blob.json";

/// An error while reading a trust policy.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The environment does not determine the folder.
    #[error("cannot locate notation's configuration folder: {0}")]
    Unknown(#[from] ConfigFolderError),
    /// The trust policy does not exist.
    #[error("there is no trust policy: write one to {path}", path = .0.display())]
    NoPolicy(PathBuf),
    /// A file or folder cannot be read or is not trustworthy.
    #[error("trust policy: {0}")]
    File(#[from] FileError),
    /// The document is invalid.
    #[error("{path}: {source}", path = path.display())]
    Policy {
        /// The document's file.
        path: PathBuf,
        /// The error.
        source: Box<PolicyError>,
    },
    /// There are two different documents.
    #[error(
        "{old} and {new} differ, and the version of notation decides which one applies: make them equal or remove one",
        old = old.display(),
        new = new.display()
    )]
    TwoPolicies {
        /// The document that every version of notation reads.
        old: PathBuf,
        /// The document that newer versions read.
        new: PathBuf,
    },
}

/// notation's configuration folder. Creating this value does no I/O.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotationFolder {
    root: PathBuf,
}

impl NotationFolder {
    /// Uses the folder at `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Uses the folder that notation uses with these environment variables: `$XDG_CONFIG_HOME/notation`, otherwise
    /// `$HOME/.config/notation`; on macOS `$HOME/Library/Application Support/notation`.
    ///
    /// # Errors
    /// Returns [`FolderError::Unknown`] if the variables are unset or not absolute. notation falls back to `.notation`
    /// in the working directory, which the author of the artifact under verification may control.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, FolderError> {
        Ok(Self::at(config_folder(variable)?))
    }

    /// Returns the path of the folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads the trust policy for OCI artifacts: `trustpolicy.json`, `trustpolicy.oci.json`, or both if they are equal.
    ///
    /// # Errors
    /// Returns [`FolderError`] if there is no document, if it cannot be read or is invalid, or if the two documents
    /// differ.
    pub fn trust_policy(&self) -> Result<TrustPolicyDocument, FolderError> {
        let old = self.root.join(OLD_OCI_POLICY);
        let new = self.root.join(OCI_POLICY);
        let Some(folder) = self.open()? else { return Err(FolderError::NoPolicy(old)) };
        let read = |name| read(&folder, name, TrustPolicyDocument::parse);
        match (read(OLD_OCI_POLICY)?, read(OCI_POLICY)?) {
            (None, None) => Err(FolderError::NoPolicy(old)),
            (Some(a), Some(b)) if a != b => Err(FolderError::TwoPolicies { old, new }),
            (Some(document), _) | (None, Some(document)) => Ok(document),
        }
    }

    /// Returns the bytes of the trust policy for OCI artifacts, to change it. If there are two documents, they must be
    /// equal, as in [`Self::trust_policy`].
    ///
    /// # Errors
    /// Returns the errors of [`Self::trust_policy`].
    pub fn trust_policy_text(&self) -> Result<Vec<u8>, FolderError> {
        self.trust_policy()?;
        let files = self.existing_trust_policy_files();
        let file = files.first().ok_or_else(|| FolderError::NoPolicy(self.trust_policy_file()))?;
        Ok(read_file(file, MAX_DOCUMENT_SIZE as u64)?)
    }

    /// Reads the trust policy for blobs: `trustpolicy.blob.json`.
    ///
    /// # Errors
    /// Returns [`FolderError`] if the document does not exist, cannot be read or is invalid.
    pub fn blob_trust_policy(&self) -> Result<BlobTrustPolicyDocument, FolderError> {
        let document = match self.open()? {
            Some(folder) => read(&folder, BLOB_POLICY, BlobTrustPolicyDocument::parse)?,
            None => None,
        };
        document.ok_or_else(|| FolderError::NoPolicy(self.root.join(BLOB_POLICY)))
    }

    /// Returns the path of a trust store.
    #[must_use]
    pub fn trust_store_folder(&self, name: &TrustStoreName) -> PathBuf {
        let mut path = self.root.clone();
        path.extend(type_folders(name));
        path.join(name.name())
    }

    /// Reads a trust store.
    ///
    /// # Errors
    /// Returns [`TrustStoreError`] if the store does not exist, cannot be read, or has anything but allowed
    /// certificates.
    pub fn trust_store(&self, name: &TrustStoreName) -> Result<TrustStore, TrustStoreError> {
        // Each of these may be a symbolic link, but not the store itself.
        let parents = || {
            let folder = Folder::open_linked(&self.root)?;
            type_folders(name).into_iter().try_fold(folder, |folder, name| folder.linked_folder(name))
        };
        let store = parents().and_then(|folder| folder.folder(name.name())).map_err(|source| match source {
            FileError::Missing(_) => {
                TrustStoreError::Missing { name: name.clone(), path: self.trust_store_folder(name) }
            }
            source => TrustStoreError::File { name: name.clone(), source },
        })?;
        TrustStore::read_open(name, &store)
    }

    /// Opens the folder; `None` if it does not exist.
    fn open(&self) -> Result<Option<Folder>, FileError> {
        match Folder::open_linked(&self.root) {
            Err(FileError::Missing(_)) => Ok(None),
            opened => opened.map(Some),
        }
    }
}

/// The folders from notation's folder down to the trust stores of a type.
fn type_folders(name: &TrustStoreName) -> [&'static str; 3] {
    ["truststore", "x509", name.store_type().as_str()]
}

/// Reads a document; `None` if it does not exist.
fn read<T>(folder: &Folder, name: &str, parse: fn(&[u8]) -> Result<T, PolicyError>) -> Result<Option<T>, FolderError> {
    let bytes = match folder.read_file(name, MAX_DOCUMENT_SIZE as u64) {
        Err(FileError::Missing(_)) => return Ok(None),
        read => read?,
    };
    parse(&bytes)
        .map(Some)
        .map_err(|source| FolderError::Policy { path: folder.path().join(name), source: Box::new(source) })
}

#[cfg(test)]
mod tests;
