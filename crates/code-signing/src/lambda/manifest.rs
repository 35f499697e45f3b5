//! The manifest: the archive as it was before it was signed, and every entry of it.

use std::io::Write;

use aws_lc_rs::digest::{Context, SHA384};
use serde::{Deserialize, Serialize};

use crate::content::{Content, SignedContent};
use crate::zip::{Archive, Compression, Entry, ZipError};

/// The version of the form.
const SCHEMA_VERSION: u32 = 1;

/// A manifest that is not understood. Its signature may be valid all the same.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON of this form.
    #[error("the manifest is malformed: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by a newer version of this program.
    #[error("the manifest has version {0}, only version {SCHEMA_VERSION} is supported; update this program")]
    Version(u32),
    /// JSON of this form, but not as it is written: with other spaces, orders or members.
    #[error("the manifest is malformed: it is not in its only form")]
    Form,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    schema_version: u32,
    /// The archive before it was signed.
    pub archive: Hashed,
    /// Its entries, in the order of its central directory.
    pub entries: Vec<Listed>,
}

/// A number of bytes and their hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hashed {
    /// The number of bytes.
    pub size: u64,
    /// SHA-384 in lower-case hexadecimal.
    pub sha384: String,
}

/// An entry, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Listed {
    /// Its path.
    pub name: String,
    /// The number of bytes when unpacked.
    pub size: u64,
    /// SHA-384 of the unpacked content in lower-case hexadecimal.
    pub sha384: String,
    /// `stored` or `deflated`.
    pub compression: String,
    /// MS-DOS time in the low half, date in the high half.
    pub modified: u32,
    /// The system (high byte) and the version of the program that made the entry.
    pub made_by: u16,
    /// The external attributes: on Unix, the mode in the high half.
    pub attributes: u32,
}

impl Listed {
    pub(crate) fn of(entry: &Entry, content: &(impl Content + ?Sized)) -> Result<Self, ZipError> {
        Ok(Self {
            name: entry.name.clone(),
            size: entry.size,
            sha384: hex::encode(entry.hash(content)?),
            compression: match entry.compression {
                Compression::Stored => "stored".to_owned(),
                Compression::Deflated => "deflated".to_owned(),
            },
            modified: entry.modified,
            made_by: entry.made_by,
            attributes: entry.attributes,
        })
    }

    /// The mode of the file, if the entry was made on Unix or macOS.
    #[must_use]
    pub fn mode(&self) -> Option<u32> {
        matches!(self.made_by >> 8, 3 | 19).then_some(self.attributes >> 16)
    }
}

impl Manifest {
    /// Lists an archive before it is signed.
    pub(crate) fn of(archive: &Archive, content: &(impl Content + ?Sized)) -> Result<Self, ZipError> {
        let whole = SignedContent::source(content.size()?);
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            archive: Hashed::of(&whole, content)?,
            entries: archive.entries.iter().map(|entry| Listed::of(entry, content)).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Parses a manifest.
    ///
    /// # Errors
    /// Returns [`ManifestError`] if it is anything else than what signing writes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(bytes)?;
        if manifest.schema_version != SCHEMA_VERSION {
            return Err(ManifestError::Version(manifest.schema_version));
        }
        // Serde accepts more than one form of the same value, other readers less.
        if manifest.to_bytes()? != bytes {
            return Err(ManifestError::Form);
        }
        Ok(manifest)
    }
}

impl Hashed {
    pub(crate) fn of(made: &SignedContent, content: &(impl Content + ?Sized)) -> Result<Self, ZipError> {
        let mut hash = Hashing(Context::new(&SHA384));
        made.write(content, &mut hash)?;
        Ok(Self { size: made.size(), sha384: hex::encode(hash.0.finish()) })
    }
}

struct Hashing(Context);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
