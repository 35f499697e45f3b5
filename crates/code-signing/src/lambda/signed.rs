//! A zip file with a signature, and its comparison with what was signed.

use std::io;

use super::difference::{Difference, differences};
use super::manifest::{Hashed, Listed, Manifest, ManifestError};
use super::{MANIFEST, SIGNATURE};
use crate::content::{Content, SignedContent};
use crate::zip::{Archive, Entry, Limits, ZipError};

/// The most bytes of a manifest or an envelope that are read.
const MOST: u64 = 60 * 1024 * 1024;

/// Why a zip file was not compared with its manifest.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The manifest is not understood.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// An entry is broken.
    #[error(transparent)]
    Zip(#[from] ZipError),
}

/// A zip file with a signature that is not verified yet.
///
/// First verify the [`Self::envelope`] over the [`Self::manifest`], by the rules for blobs of the Notary Project, with
/// the media type [`super::MANIFEST_MEDIA_TYPE`]. Then [`Self::compare`] the entries with the manifest.
#[derive(Debug)]
pub struct SignedZip {
    archive: Archive,
    manifest: Vec<u8>,
    envelope: Vec<u8>,
}

impl SignedZip {
    /// Reads a signed zip file. `limits` are those for an unsigned one.
    ///
    /// # Errors
    /// Returns [`ZipError`] if the file has no signature, is malformed, or exceeds the limits.
    pub fn open(content: &(impl Content + ?Sized), limits: &Limits) -> Result<Self, ZipError> {
        let archive = Archive::read(content, &limits.with_signature())?;
        let read = |name: &'static str| -> Result<Vec<u8>, ZipError> {
            let entry = archive.entries.iter().find(|entry| entry.name == name).ok_or(ZipError::NotSigned(name))?;
            if entry.size > MOST {
                return Err(ZipError::entry(name, "it is too large for a signature"));
            }
            entry.bytes(content)
        };
        let manifest = read(MANIFEST)?;
        let envelope = read(SIGNATURE)?;
        Ok(Self { archive, manifest, envelope })
    }

    /// The bytes of the manifest: what the envelope must cover.
    #[must_use]
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// The signature envelope.
    #[must_use]
    pub fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    /// The number of entries without those of the signature.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.archive.entries.len().saturating_sub(2)
    }

    /// Compares every entry with the manifest, and returns what differs. Nothing differs only if the file is, byte for
    /// byte, what was signed with the signature added.
    ///
    /// # Errors
    /// Returns [`CompareError`] if the manifest is not understood, or an entry cannot be unpacked.
    pub fn compare(&self, content: &(impl Content + ?Sized)) -> Result<Vec<Difference>, CompareError> {
        let manifest = Manifest::parse(&self.manifest)?;
        let is_signature = |entry: &&Entry| entry.name == MANIFEST || entry.name == SIGNATURE;
        let others = self.archive.entries.iter().filter(|entry| !is_signature(entry));
        let found = others.map(|entry| Listed::of(entry, content)).collect::<Result<Vec<_>, _>>()?;
        let mut differences = differences(&manifest.entries, &found);
        if differences.is_empty() && !self.is_whole(&manifest.archive, content)? {
            differences.push(Difference::Archive);
        }
        Ok(differences)
    }

    /// Whether the archive without the signature is the one that was signed, and the signature was added as signing
    /// does.
    fn is_whole(&self, signed: &Hashed, content: &(impl Content + ?Sized)) -> Result<bool, ZipError> {
        let is_last =
            self.archive.entries.iter().rev().map(|entry| entry.name.as_str()).take(2).eq([SIGNATURE, MANIFEST]);
        let Some(unsigned) = self.archive.without_last(2).filter(|_| is_last) else { return Ok(false) };
        Ok(Hashed::of(&unsigned, content)? == *signed)
    }

    /// The archive as it was before it was signed, without a check. `None` if the signature is not at its end.
    #[must_use]
    pub fn unsigned(&self) -> Option<SignedContent> {
        self.archive.without_last(2)
    }
}

impl From<io::Error> for CompareError {
    fn from(why: io::Error) -> Self {
        Self::Zip(why.into())
    }
}
