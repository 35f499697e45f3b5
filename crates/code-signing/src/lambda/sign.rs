//! Signing a zip file.

use notary::envelope::Payload;
use notary::{Descriptor, Digest, DigestAlgorithm};
use time::OffsetDateTime;

use super::manifest::Manifest;
use super::{FOLDER, MANIFEST, MANIFEST_MEDIA_TYPE, SIGNATURE};
use crate::content::{Content, SignedContent};
use crate::zip::{Archive, Limits, NewEntry, ZipError};

/// Why a zip file was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError<E> {
    /// The file cannot be signed.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// The manifest has no JSON form, which does not happen for text and numbers.
    #[error("the manifest cannot be written: {0}")]
    Manifest(#[from] serde_json::Error),
    /// The closure that signs failed.
    #[error("signing failed: {0}")]
    Signing(E),
}

/// Signs a zip file. Its entries are kept byte for byte, and two are added.
///
/// `seal` gets the payload of the Notary Project to sign, and returns the envelope. `time` is the signing time, which
/// becomes the time of the new entries.
///
/// # Errors
/// Returns [`SignError::Zip`] if the file is empty, signed, malformed or too large, and the error of `seal`.
pub fn sign<E>(
    content: &(impl Content + ?Sized),
    limits: &Limits,
    time: OffsetDateTime,
    seal: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<SignedContent, SignError<E>> {
    let archive = Archive::read(content, limits)?;
    // Also what differs from the folder only in case, since it is the same folder on many file systems.
    let is_signature = |name: &str| {
        let start = name.get(..FOLDER.len()).or_else(|| name.get(..FOLDER.len() - 1)).unwrap_or_default();
        start.trim_end_matches('/').eq_ignore_ascii_case(FOLDER.trim_end_matches('/'))
    };
    if archive.entries.iter().any(|entry| is_signature(&entry.name)) {
        return Err(ZipError::AlreadySigned.into());
    }
    let parents = ["META-INF", "META-INF/notation-aws-signer"];
    if let Some(entry) = archive.entries.iter().find(|entry| parents.contains(&entry.name.as_str())) {
        return Err(ZipError::entry(&entry.name, "it is a file where the signature needs a folder").into());
    }
    let manifest = Manifest::of(&archive, content)?.to_bytes()?;
    let envelope = seal(&payload(&manifest)).map_err(SignError::Signing)?;
    let added = vec![NewEntry { name: MANIFEST, data: manifest }, NewEntry { name: SIGNATURE, data: envelope }];
    let most = Limits::MOST_ENTRIES;
    let full = || ZipError::TooManyEntries { entries: archive.entries.len() as u64, most };
    Ok(archive.with(added, time).ok_or_else(full)?)
}

/// The payload to sign: it names the manifest, hashed with SHA-384, the hash of AWS Signer's keys.
fn payload(manifest: &[u8]) -> Vec<u8> {
    let target_artifact = Descriptor {
        media_type: MANIFEST_MEDIA_TYPE.to_owned(),
        digest: Digest::compute(DigestAlgorithm::Sha384, manifest),
        size: manifest.len() as u64,
        artifact_type: None,
        annotations: Default::default(),
    };
    Payload { target_artifact }.to_bytes()
}
