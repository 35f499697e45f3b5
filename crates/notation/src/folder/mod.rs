//! notation's configuration folder, `{NOTATION_CONFIG}`: trust policies and trust stores where notation has them, so that both
//! tools trust the same. `trust-store-trust-policy.md`, "Trust Store" and "Trust Policy".

mod stores;
mod write;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use files::{FileError, check_parent, read_file};
use notary::config_folder::{ConfigFolderError, config_folder};
use notary::trust::policy::{
    BlobTrustPolicyDocument, MAX_DOCUMENT_SIZE, PolicyError, TrustPolicyDocument, TrustStoreName,
};
pub use stores::{AddError, StoredFile};

use crate::trust_store::{StoreError, TrustStore};

/// What newer versions of notation read.
const OCI_POLICY: &str = "trustpolicy.oci.json";
/// What every version of notation reads.
const OLD_OCI_POLICY: &str = "trustpolicy.json";
const BLOB_POLICY: &str = "trustpolicy.blob.json";

/// Why no trust policy comes from the folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The environment does not say where the folder is.
    #[error("the folder of notation's configuration is not known: {0}")]
    Unknown(#[from] ConfigFolderError),
    /// There is no trust policy.
    #[error("there is no trust policy: write one to {path}", path = .0.display())]
    NoPolicy(PathBuf),
    /// A file or folder is not one that trust may rest on.
    #[error("trust policy: {0}")]
    File(#[from] FileError),
    /// The document is not valid.
    #[error("{path}: {source}", path = path.display())]
    Policy {
        /// The document's file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<PolicyError>,
    },
    /// There are two documents, and they do not say the same.
    #[error(
        "{old} and {new} differ, and which of them counts depends on the version of notation: make them equal or remove one",
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

/// notation's configuration folder. Nothing is read before it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotationFolder {
    root: PathBuf,
}

impl NotationFolder {
    /// The folder at `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder that notation uses with these environment variables: `$XDG_CONFIG_HOME/notation`, else
    /// `$HOME/.config/notation`; on macOS `$HOME/Library/Application Support/notation`.
    ///
    /// # Errors
    /// [`FolderError::Unknown`] when the variables are not set or not absolute. notation then takes `.notation` in the working
    /// directory, where whoever wrote what is to be verified could have put one.
    pub fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, FolderError> {
        Ok(Self::at(config_folder(variable)?))
    }

    /// Where the folder is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The trust policy for OCI artifacts: `trustpolicy.json`, `trustpolicy.oci.json`, or both when they say the same.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn trust_policy(&self) -> Result<TrustPolicyDocument, FolderError> {
        let (old, new) = (self.root.join(OLD_OCI_POLICY), self.root.join(OCI_POLICY));
        match (self.read(&old, TrustPolicyDocument::parse)?, self.read(&new, TrustPolicyDocument::parse)?) {
            (None, None) => Err(FolderError::NoPolicy(old)),
            (Some(a), Some(b)) if a != b => Err(FolderError::TwoPolicies { old, new }),
            (Some(document), _) | (None, Some(document)) => Ok(document),
        }
    }

    /// The trust policy for blobs: `trustpolicy.blob.json`.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn blob_trust_policy(&self) -> Result<BlobTrustPolicyDocument, FolderError> {
        let path = self.root.join(BLOB_POLICY);
        self.read(&path, BlobTrustPolicyDocument::parse)?.ok_or(FolderError::NoPolicy(path))
    }

    /// Where the trust store of this name is.
    #[must_use]
    pub fn trust_store_folder(&self, name: &TrustStoreName) -> PathBuf {
        self.type_folders(name).into_iter().next_back().unwrap_or_default().join(name.name())
    }

    /// The certificates of the trust store of this name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn trust_store(&self, name: &TrustStoreName) -> Result<TrustStore, StoreError> {
        let folder = self.trust_store_folder(name);
        for parent in self.type_folders(name) {
            check_parent(&parent).map_err(|source| match source {
                FileError::Missing(_) => StoreError::Missing { name: name.clone(), path: folder.clone() },
                source => StoreError::File { name: name.clone(), source },
            })?;
        }
        TrustStore::read(name, &folder)
    }

    /// The folders above a trust store, from the root down.
    fn type_folders(&self, name: &TrustStoreName) -> [PathBuf; 4] {
        let stores = self.root.join("truststore");
        let x509 = stores.join("x509");
        let kind = x509.join(name.store_type().as_str());
        [self.root.clone(), stores, x509, kind]
    }

    fn read<T>(&self, path: &Path, parse: fn(&[u8]) -> Result<T, PolicyError>) -> Result<Option<T>, FolderError> {
        let bytes = match read_file(path, MAX_DOCUMENT_SIZE as u64) {
            Err(FileError::Missing(_)) => return Ok(None),
            read => read?,
        };
        check_parent(&self.root)?;
        parse(&bytes)
            .map(Some)
            .map_err(|source| FolderError::Policy { path: path.to_owned(), source: Box::new(source) })
    }
}

#[cfg(test)]
mod tests;
