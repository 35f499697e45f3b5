//! A cache of certificate chains that meet the requirements. Checking certificate signatures is most of the work of a
//! verification, and a signer uses few chains.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};

use super::chain::{CertificateChain, ChainError, LinkedChain};

/// The cache key of a chain: SHA-256 over its certificates in order, each preceded by its length to rule out ambiguity.
type Name = [u8; 32];

/// A thread-safe cache of the chains that passed [`CertificateChain::check_requirements`].
///
/// Only success is cached: never a failure, and never validity at a time, trust or revocation. The capacity is fixed,
/// and the least recently used chains are evicted. An attacker who sends many different chains can slow others down, no
/// more.
#[derive(Debug)]
pub struct ChainCache {
    /// The maximum number of chains in a generation: half of the capacity, since there are two.
    generation: usize,
    chains: Mutex<Generations>,
}

/// When the newer generation is full, it replaces the older one. This approximates least-recently-used eviction without
/// an ordered list.
#[derive(Debug, Default)]
struct Generations {
    newer: HashSet<Name>,
    older: HashSet<Name>,
}

impl ChainCache {
    /// The capacity of [`ChainCache::default`]. A chain takes about 100 bytes.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

    /// Creates a cache for at most `capacity` chains. A capacity of 1 disables caching.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self { generation: capacity.get() / 2, chains: Mutex::default() }
    }

    /// Like [`CertificateChain::check_requirements`], but only hashes a chain that has passed before.
    ///
    /// # Errors
    /// See [`CertificateChain::check_requirements`].
    pub fn check_requirements(&self, chain: CertificateChain) -> Result<LinkedChain, ChainError> {
        let name = name(&chain);
        if self.remembers(&name) {
            return Ok(LinkedChain::from_known(chain));
        }
        let linked = chain.check_requirements()?;
        self.with_chains(|chains| chains.insert(name, self.generation));
        Ok(linked)
    }

    /// Returns the number of cached chains.
    #[must_use]
    pub fn len(&self) -> usize {
        self.with_chains(|chains| chains.newer.len() + chains.older.len())
    }

    /// Whether the cache is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn remembers(&self, name: &Name) -> bool {
        self.with_chains(|chains| {
            if chains.newer.contains(name) {
                return true;
            }
            let is_known = chains.older.remove(name);
            if is_known {
                chains.insert(*name, self.generation);
            }
            is_known
        })
    }

    /// Ignores poisoning: a panic cannot leave the sets half-changed.
    fn with_chains<T>(&self, work: impl FnOnce(&mut Generations) -> T) -> T {
        work(&mut self.chains.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for ChainCache {
    fn default() -> Self {
        Self::new(Self::DEFAULT_CAPACITY)
    }
}

impl Generations {
    fn insert(&mut self, name: Name, most: usize) {
        if most == 0 {
            return;
        }
        if self.newer.len() >= most {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(name);
    }
}

pub(super) fn name(chain: &CertificateChain) -> Name {
    let mut context = Context::new(&SHA256);
    for certificate in chain.certificates() {
        context.update(&(certificate.der().len() as u64).to_be_bytes());
        context.update(certificate.der());
    }
    let mut name = Name::default();
    name.copy_from_slice(context.finish().as_ref());
    name
}
