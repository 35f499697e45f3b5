//! A trust policy document in a file chosen by the user: `trust-store-trust-policy.md`, "Trust Policy".

use std::path::Path;

use files::read_linked_file;
use notary::trust::policy::{BlobTrustPolicyDocument, MAX_DOCUMENT_SIZE, PolicyError, TrustPolicyDocument};

use super::folder::FolderError;

/// Reads the trust policy document for OCI artifacts from a file. Symbolic links of the user and of root are followed,
/// since the user chose the path.
///
/// # Errors
/// Returns [`FolderError::File`] if the file cannot be read or other users could change it, and [`FolderError::Policy`]
/// if the document is invalid.
pub fn read_trust_policy(path: &Path) -> Result<TrustPolicyDocument, FolderError> {
    read(path, TrustPolicyDocument::parse)
}

/// Like [`read_trust_policy`], for blobs.
///
/// # Errors
/// See [`read_trust_policy`].
pub fn read_blob_trust_policy(path: &Path) -> Result<BlobTrustPolicyDocument, FolderError> {
    read(path, BlobTrustPolicyDocument::parse)
}

fn read<T>(path: &Path, parse: fn(&[u8]) -> Result<T, PolicyError>) -> Result<T, FolderError> {
    let bytes = read_linked_file(path, MAX_DOCUMENT_SIZE as u64)?;
    parse(&bytes).map_err(|source| FolderError::Policy { path: path.to_owned(), source: Box::new(source) })
}
