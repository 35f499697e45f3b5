//! The signatures of an image: their list and their envelopes, remembered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use notary::Descriptor;
use notation::Failure;
use notation::revocation::BoxFuture;
use notation::verify::{FetchedEnvelope, FetchedSignature, NoVerdict, Reason, SignatureSource, Tries};
use registry::Store;

use super::judged::unexpected;
use super::memory::{Listed, Memory, StoredEnvelope, whole};
use super::reasons::response;
use super::shared::{Shared, SharedSignature};
use super::waited::Waited;
use crate::cache::{Key, Remembered};
use crate::metrics::{CacheName, CacheResult, Metrics, Operation, Stage, Upstream};
use crate::trace;

/// Envelopes do not change: only memory bounds how long they are kept.
const ENVELOPE: Duration = Duration::from_secs(24 * 60 * 60);

/// Envelopes of more bytes are not remembered. AWS Signer's have 6,000.
const LARGE: usize = 64 * 1024;

/// How long lists are used.
#[derive(Debug, Clone, Copy)]
pub struct ListTimes {
    /// Those with signatures.
    pub signatures: Duration,
    /// Empty ones.
    pub unsigned: Duration,
    /// The time for reading one.
    pub reading: Duration,
}

impl ListTimes {
    fn of(&self, list: &Listed) -> Duration {
        if list.is_empty() { self.unsigned } else { self.signatures }
    }
}

/// The signatures in one repository, for one verification.
#[derive(Debug)]
pub struct RememberedSignatures {
    /// The repository.
    pub store: Store,
    /// What the list depends on beside the image: the repository and whose credentials read it.
    pub scope: Key,
    /// The memory.
    pub memory: Arc<Memory>,
    /// How long lists are used.
    pub times: ListTimes,
    /// Whether to ask anew although the list is remembered, if it is not new.
    pub is_refresh: bool,
    /// Until when the list may be used that was delivered.
    pub until: Mutex<Option<Instant>>,
    /// How requests are counted.
    pub metrics: Metrics,
    /// How long the verification waited.
    pub waited: Waited,
    /// What other replicas have read.
    pub shared: Option<Arc<dyn Shared>>,
}

impl RememberedSignatures {
    async fn listed(&self, artifact: &Descriptor, most: usize) -> Result<Arc<Remembered<Listed>>, Failure> {
        let key = Key::of("signatures").with(self.scope.as_bytes()).with(artifact.digest.to_string());
        let key = key.with(most.to_be_bytes()).key();
        let now = self.memory.clock.now();
        let metrics = &self.metrics;
        // A refresh that others need more often does not read the list each time.
        let is_enough =
            |known: &Arc<Remembered<Listed>>| !self.is_refresh || known.left(now) > self.times.of(&known.value) / 2;
        if let Some(known) = self.memory.lists.get(&key, now).filter(is_enough) {
            metrics.cache(CacheName::Signatures, CacheResult::Hit);
            return Ok(known);
        }
        let work = || {
            let (store, artifact, memory) = (self.store.clone(), artifact.clone(), Arc::clone(&self.memory));
            let (times, metrics) = (self.times, self.metrics.clone());
            trace::in_stage(Stage::Referrers, async move {
                let (asked, began) = (memory.clock.now(), Instant::now());
                let deadline = whole(times.reading);
                let listed = deadline.run(store.list_signatures_of(&artifact.digest, most)).await;
                let listed = listed.map_or_else(
                    || Err(Failure::deadline(deadline)),
                    |listed| listed.map_err(|why| Failure::from(&why)),
                );
                let code = listed.as_ref().err().map(|why| why.code);
                let took = began.elapsed();
                metrics.upstream(Upstream::Registry, Operation::Referrers, response(code), took);
                metrics.stage(Stage::Referrers, took);
                let listed = Listed::new(listed?);
                let time = times.of(&listed);
                Ok(memory.lists.insert(key, listed, asked, time))
            })
        };
        let (listed, is_shared) = self.memory.listing.join(key, work).await;
        metrics.cache(CacheName::Signatures, if is_shared { CacheResult::Shared } else { CacheResult::Miss });
        listed.unwrap_or_else(|| Err(unexpected()))
    }

    async fn read(
        &self,
        artifact: &Descriptor,
        manifest: &Descriptor,
        tries: Tries,
    ) -> Result<FetchedEnvelope, Reason> {
        // A manifest and its envelope are named by their digests. Who lists the manifest may read them.
        let key = Key::of("envelope").with(manifest.digest.to_string()).with(artifact.digest.to_string()).key();
        let now = self.memory.clock.now();
        let metrics = &self.metrics;
        if let Some(known) = self.memory.envelopes.get(&key, now) {
            metrics.cache(CacheName::Envelope, CacheResult::Hit);
            return Ok(known.value.fetched());
        }
        let work = || {
            let (store, artifact, manifest) = (self.store.clone(), artifact.clone(), manifest.clone());
            let (memory, times, metrics) = (Arc::clone(&self.memory), self.times, self.metrics.clone());
            let shared = self.shared.clone().map(|shared| (shared, self.shared_key(&key)));
            async move {
                let copy = match &shared {
                    Some((shared, key)) => shared.signature(*key).await,
                    None => None,
                };
                let copy = copy
                    .and_then(|copy| FetchedSignature::from_copy(&artifact, &manifest, &copy.manifest, &copy.envelope));
                let fetched = match copy {
                    Some(copy) => copy,
                    None => {
                        let read = fetch(&store, &artifact, &manifest, tries, times.reading, &metrics).await?;
                        share(shared, read.manifest, &read.envelope, &memory).await;
                        read.envelope
                    }
                };
                let is_small = fetched.content.len() <= LARGE;
                let stored = || StoredEnvelope { format: fetched.format, bytes: Box::from(&*fetched.content) };
                Ok(is_small.then(|| memory.envelopes.insert(key, stored(), now, ENVELOPE)))
            }
        };
        let (fetched, is_shared) = self.memory.fetching.join(flight(key, self.scope, tries), work).await;
        metrics.cache(CacheName::Envelope, if is_shared { CacheResult::Shared } else { CacheResult::Miss });
        match fetched.unwrap_or_else(|| Err(unexpected().into()))? {
            Some(small) => Ok(small.value.fetched()),
            // It is read again by each, within the budget for memory of the registry client.
            None => {
                Ok(fetch(&self.store, artifact, manifest, tries, self.times.reading, &self.metrics).await?.envelope)
            }
        }
    }

    /// The key among what replicas share. What was read with one credential is not found with another one: other than
    /// in this process, nothing shows that it was listed.
    fn shared_key(&self, key: &Key) -> Key {
        Key::of("shared signature").with(key.as_bytes()).with(self.scope.as_bytes()).key()
    }
}

/// Shares what was read, unless it is large.
async fn share(
    shared: Option<(Arc<dyn Shared>, Key)>,
    manifest: Option<Box<[u8]>>,
    envelope: &FetchedEnvelope,
    memory: &Memory,
) {
    let Some(((shared, key), manifest)) = shared.zip(manifest) else { return };
    if envelope.content.len() <= LARGE {
        let signature = SharedSignature { manifest, envelope: Box::from(&*envelope.content) };
        shared.keep_signature(key, &signature, memory.clock.utc() + ENVELOPE).await;
    }
}

/// Reads a signature from the registry.
async fn fetch(
    store: &Store,
    artifact: &Descriptor,
    manifest: &Descriptor,
    tries: Tries,
    time: Duration,
    metrics: &Metrics,
) -> Result<FetchedSignature, Reason> {
    let work = async {
        let asked = Instant::now();
        let deadline = whole(time);
        let read = deadline.run(FetchedSignature::read(store, artifact, manifest, tries)).await;
        let read = read.unwrap_or_else(|| Err(Failure::deadline(deadline).into()));
        let code = read.as_ref().err().map(Reason::code);
        metrics.upstream(Upstream::Registry, Operation::Fetch, response(code), asked.elapsed());
        metrics.stage(Stage::Fetch, asked.elapsed());
        read
    };
    trace::in_stage(Stage::Fetch, work).await
}

/// What is fetched is the same everywhere, but another registry may fail, or take all the time. A request that is not
/// repeated serves only those who do not want it repeated.
fn flight(key: Key, scope: Key, tries: Tries) -> Key {
    let key = Key::of("fetch").with(key.as_bytes()).with(scope.as_bytes());
    key.with([u8::from(tries == Tries::Once)]).key()
}

impl SignatureSource for RememberedSignatures {
    fn list<'a>(&'a self, artifact: &'a Descriptor, most: usize) -> BoxFuture<'a, Result<Vec<Descriptor>, NoVerdict>> {
        Box::pin(async move {
            let listed = self.waited.during(self.listed(artifact, most)).await?;
            *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(listed.until());
            Ok(listed.value.signatures())
        })
    }

    fn envelope<'a>(
        &'a self,
        artifact: &'a Descriptor,
        manifest: &'a Descriptor,
        tries: Tries,
    ) -> BoxFuture<'a, Result<FetchedEnvelope, Reason>> {
        Box::pin(self.waited.during(self.read(artifact, manifest, tries)))
    }
}
