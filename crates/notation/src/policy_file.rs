//! A trust policy document in a file that its user names: `trust-store-trust-policy.md`, "Trust Policy".

use std::fs;
use std::path::Path;

use files::{FileError, read_file};
use notary::trust::policy::{BlobTrustPolicyDocument, MAX_DOCUMENT_SIZE, PolicyError, TrustPolicyDocument};

use super::folder::FolderError;

/// Reads the trust policy document for OCI artifacts in a file. Who names the file means what a symbolic link leads to; a file
/// that every user of the machine may write to is refused nevertheless.
///
/// # Errors
/// [`FolderError::File`] and [`FolderError::Policy`].
pub fn read_trust_policy(path: &Path) -> Result<TrustPolicyDocument, FolderError> {
    read(path, TrustPolicyDocument::parse)
}

/// As [`read_trust_policy`], of a document for blobs.
///
/// # Errors
/// [`FolderError::File`] and [`FolderError::Policy`].
pub fn read_blob_trust_policy(path: &Path) -> Result<BlobTrustPolicyDocument, FolderError> {
    read(path, BlobTrustPolicyDocument::parse)
}

fn read<T>(path: &Path, parse: fn(&[u8]) -> Result<T, PolicyError>) -> Result<T, FolderError> {
    let file = fs::canonicalize(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => FileError::Missing(path.to_owned()),
        _ => FileError::Io { path: path.to_owned(), source },
    })?;
    let bytes = read_file(&file, MAX_DOCUMENT_SIZE as u64)?;
    parse(&bytes).map_err(|source| FolderError::Policy { path: path.to_owned(), source: Box::new(source) })
}
