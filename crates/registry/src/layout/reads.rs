//! A bound on the manifests that one operation reads: an index of a few MiB can name large manifests many thousand
//! times.

use std::collections::HashSet;

use notary::{Descriptor, Digest};

use super::{Layout, MAX_MANIFEST};
use crate::error::LayoutError;

/// The bytes of manifests that one operation reads. A signature manifest has less than 2 KiB.
const MOST: u64 = 256 * 1024 * 1024;

/// The manifests that an operation has read.
#[derive(Debug)]
pub(super) struct Reads {
    digests: HashSet<Digest>,
    left: u64,
}

impl Reads {
    pub(super) fn new() -> Self {
        Self { digests: HashSet::new(), left: MOST }
    }

    /// Whether the operation has read this manifest already.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.digests.contains(digest)
    }

    /// Notes a manifest that need not be read.
    pub(super) fn add(&mut self, digest: &Digest) {
        self.digests.insert(digest.clone());
    }

    /// Reads a manifest and checks it against its descriptor, and that it is of one type only. `None` if the operation
    /// has read it before.
    pub(super) fn manifest(&mut self, layout: &Layout, stored: &Descriptor) -> Result<Option<Vec<u8>>, LayoutError> {
        if self.has(&stored.digest) {
            return Ok(None);
        }
        layout.check_size(stored, MAX_MANIFEST)?;
        // An entry with a wrong size is not read, and does not stand in the way of one with the right size.
        self.add(&stored.digest);
        let path = layout.path().to_owned();
        self.left = self.left.checked_sub(stored.size).ok_or(LayoutError::TooMuch { path, most: MOST })?;
        layout.manifest_bytes(stored).map(Some)
    }
}
