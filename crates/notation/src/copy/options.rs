//! What a copy may take, what it tells while it runs, and what it returns.

use std::sync::Arc;
use std::time::Duration;

use notary::links::UnknownEntry;
use notary::{Descriptor, Digest};
use registry::{Store, StoreError, Transferred};

/// Limits of a copy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CopyOptions {
    /// The limit of manifests of the artifact, including those in its indexes.
    pub most_manifests: usize,
    /// The limit of signatures per manifest.
    pub most_signatures: usize,
    /// The number of blobs copied in parallel.
    pub parallel: usize,
    /// The limit of bytes of all manifests and blobs together, whether the destination has them already or not.
    pub most_bytes: u64,
    /// The time limit.
    pub time: Duration,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            most_manifests: Store::MAX_MANIFESTS,
            most_signatures: 100,
            parallel: 4,
            most_bytes: 256 * 1024 * 1024 * 1024,
            time: Duration::from_secs(12 * 60 * 60),
        }
    }
}

/// A step of a copy, for showing progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyEvent {
    /// This number of bytes of blobs was copied. Bytes that a retry copies again count again.
    Bytes(u64),
    /// The destination has this blob.
    Blob(Descriptor, Transferred),
    /// The destination has this manifest.
    Manifest(Descriptor),
}

/// A callback for the steps of a copy, called from several tasks in parallel.
pub type Progress = Arc<dyn Fn(CopyEvent) + Send + Sync>;

/// The result of a copy.
#[derive(Debug)]
#[non_exhaustive]
pub struct Copied {
    /// The artifact.
    pub artifact: Descriptor,
    /// Its manifests, including its own, each after the manifests that it refers to.
    pub manifests: Vec<Descriptor>,
    /// What its indexes list that is not a manifest, such as the layers of a build cache. Copied as it is.
    pub others: Vec<Descriptor>,
    /// What its indexes list under media types of no manifest, with a digest or another member that cannot be read. Not
    /// copied.
    pub unknown: Vec<UnknownEntry>,
    /// The signatures of all these manifests.
    pub signatures: Vec<Descriptor>,
    /// The blobs, and how each got into the destination.
    pub blobs: Vec<(Descriptor, Transferred)>,
    /// Foreign layers, which are not copied: clients download them from the URLs in the manifest.
    pub left_out: Vec<Descriptor>,
    /// Manifests in its indexes that refer to an artifact outside of the copy, with that artifact. They are not copied:
    /// the destination would list them as the artifact's signatures.
    pub referrers_of_others: Vec<(Descriptor, Digest)>,
    /// Listed signatures that are missing or not signatures, with the reason.
    pub unreadable: Vec<(Descriptor, StoreError)>,
}
