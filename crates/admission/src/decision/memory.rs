//! What the decision remembers. It outlives reloads of the configuration.

use std::sync::Arc;
use std::time::Duration;

use limits::Deadline;
use notary::Descriptor;
use notary::envelope::EnvelopeFormat;
use notation::Failure;
use notation::verify::{FetchedEnvelope, Reason};
use registry::Content;

use super::answer::Why;
use super::judged::Judged;
use super::packed::PackedDescriptor;
use super::revocation::RevocationMemory;
use crate::cache::{Bounded, Clock, Flights, Remembered, Weight};
use crate::config;
use crate::metrics::{CacheName, CacheSize, Metrics};

/// The caches with the work under way that fills them.
#[derive(Debug)]
pub struct Memory {
    /// The time that all entries go by.
    pub(super) clock: Clock,
    /// Descriptors by repository, tag or digest, and access.
    pub(super) tags: Bounded<Tagged>,
    pub(super) resolving: Flights<Result<Arc<Remembered<Tagged>>, Arc<Why>>>,
    /// Lists of signatures by repository, digest and access.
    pub(super) lists: Bounded<Listed>,
    pub(super) listing: Flights<Result<Arc<Remembered<Listed>>, Failure>>,
    /// Envelopes by the digests of their manifests.
    pub(super) envelopes: Bounded<StoredEnvelope>,
    pub(super) fetching: Flights<Result<Option<Arc<Remembered<StoredEnvelope>>>, Reason>>,
    /// Verdicts by digest, repository, policy and access.
    pub(super) verdicts: Bounded<Judged>,
    pub(super) judging: Flights<Arc<Remembered<Judged>>>,
    /// Answers about revocation.
    pub(super) revocations: Arc<RevocationMemory>,
}

/// The image that a tag or digest names.
#[derive(Debug)]
pub struct Tagged(PackedDescriptor);

/// The descriptors of an image's signature manifests.
#[derive(Debug)]
pub struct Listed(Box<[PackedDescriptor]>);

impl Tagged {
    pub(super) fn new(image: Descriptor) -> Self {
        Self(image.into())
    }

    /// The image.
    pub(super) fn image(&self) -> Descriptor {
        self.0.unpack()
    }
}

impl Listed {
    pub(super) fn new(signatures: Vec<Descriptor>) -> Self {
        Self(signatures.into_iter().map(PackedDescriptor::from).collect())
    }

    /// Whether the image has no signature.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The signatures' manifests.
    pub(super) fn signatures(&self) -> Vec<Descriptor> {
        self.0.iter().map(PackedDescriptor::unpack).collect()
    }
}

/// An envelope whose manifest was checked.
#[derive(Debug)]
pub struct StoredEnvelope {
    /// The format.
    pub format: EnvelopeFormat,
    /// The bytes.
    pub bytes: Box<[u8]>,
}

impl StoredEnvelope {
    /// The envelope, as the registry delivered it.
    pub fn fetched(&self) -> FetchedEnvelope {
        FetchedEnvelope { format: self.format, content: Content::from(self.bytes.to_vec()) }
    }
}

impl Memory {
    /// Caches of this size. What all of them hold together stays below `memory`.
    #[must_use]
    pub fn new(settings: &config::Cache) -> Self {
        Self::with_clock(settings, Clock::default())
    }

    /// As [`Self::new`]; entries age by `clock`.
    #[must_use]
    pub fn with_clock(settings: &config::Cache, clock: Clock) -> Self {
        // Tags and lists are small and read again soon; a verdict answers without them.
        let share = |parts: usize| settings.memory / 32 * parts;
        let entries = settings.entries;
        Self {
            tags: Bounded::new(share(2), entries),
            resolving: Flights::default(),
            lists: Bounded::new(share(2), entries),
            listing: Flights::default(),
            envelopes: Bounded::new(share(9), entries),
            fetching: Flights::default(),
            verdicts: Bounded::new(share(10), entries),
            judging: Flights::default(),
            revocations: Arc::new(RevocationMemory::new(share(9), entries, clock.clone())),
            clock,
        }
    }

    /// Answers about revocation.
    #[must_use]
    pub fn revocations(&self) -> Arc<RevocationMemory> {
        Arc::clone(&self.revocations)
    }

    /// How much work is under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        let Self { resolving, listing, fetching, judging, revocations, .. } = self;
        resolving.len() + listing.len() + fetching.len() + judging.len() + revocations.under_way()
    }

    /// The entries of all caches, and the bytes that they hold.
    #[must_use]
    pub fn size(&self) -> (usize, u64) {
        let Self { tags, lists, envelopes, verdicts, revocations, .. } = self;
        let sizes = [tags.size(), lists.size(), envelopes.size(), verdicts.size(), revocations.size()];
        sizes.iter().fold((0, 0), |(entries, bytes), (more, size)| (entries + more, bytes + size))
    }

    /// Tells the metrics how large the caches are, whenever they are asked.
    pub fn watch(self: &Arc<Self>, metrics: &Metrics) {
        let watch = |name: CacheName, size: fn(&Self) -> (usize, u64)| {
            let memory = Arc::clone(self);
            metrics.watch_cache(name, move || {
                let (entries, bytes) = size(&memory);
                CacheSize { entries: entries as u64, bytes }
            });
        };
        watch(CacheName::Tag, |memory| memory.tags.size());
        watch(CacheName::Signatures, |memory| memory.lists.size());
        watch(CacheName::Envelope, |memory| memory.envelopes.size());
        watch(CacheName::Verdict, |memory| memory.verdicts.size());
        watch(CacheName::Revocation, |memory| memory.revocations.size());
        let memory = Arc::clone(self);
        metrics.watch_quota(move || memory.revocations.tokens().map(f64::from));
        let memory = Arc::clone(self);
        metrics.watch_quota_waiting(move || memory.revocations.quota.waiting() as u64);
    }
}

/// The time for work that several requests wait for: the longest that one of them has.
pub(super) fn whole(time: Duration) -> Deadline {
    Deadline::new(time)
}

impl Weight for Tagged {
    fn heap(&self) -> usize {
        self.0.heap()
    }
}

impl Weight for Listed {
    fn heap(&self) -> usize {
        size_of_val(&*self.0) + self.0.iter().map(PackedDescriptor::heap).sum::<usize>() + 16
    }
}

impl Weight for StoredEnvelope {
    fn heap(&self) -> usize {
        self.bytes.len() + 16
    }
}
