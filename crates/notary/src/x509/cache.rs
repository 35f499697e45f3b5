//! Chains that were found to meet the requirements, remembered: the signatures of certificates are most of the work that a
//! verification is, and the chains of one signer are few.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};

use super::chain::{CertificateChain, ChainError};

/// The SHA-256 of all certificates of a chain in their order, each with its length before it, so that no two chains share one.
type Name = [u8; 32];

/// Remembers which chains passed [`CertificateChain::check_requirements`], and nothing else: whether a chain is valid at a time,
/// trusted, or revoked is never remembered, and neither is a chain that failed.
///
/// It holds at most as many chains as it was made for; those that have not been asked for in the longest time go first. Whoever
/// sends many different chains takes speed from the others, nothing more. It is for many threads at once.
#[derive(Debug)]
pub struct ChainCache {
    /// How many chains a generation may have: two generations are at most the capacity.
    generation: usize,
    chains: Mutex<Generations>,
}

/// What was asked for lately, and before that. When the newer generation is full it becomes the older one, which is forgotten:
/// about the least recently used, without a list to keep in order.
#[derive(Debug, Default)]
struct Generations {
    newer: HashSet<Name>,
    older: HashSet<Name>,
}

impl ChainCache {
    /// How many chains [`ChainCache::default`] remembers; each takes some 100 bytes.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

    /// A cache of at most so many chains; with a capacity of 1 it remembers none.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self { generation: capacity.get() / 2, chains: Mutex::default() }
    }

    /// As [`CertificateChain::check_requirements`], at the price of a hash where the very same chain has passed before.
    ///
    /// # Errors
    /// As there.
    pub fn check_requirements(&self, chain: &CertificateChain) -> Result<(), ChainError> {
        let name = name(chain);
        if self.remembers(&name) {
            return Ok(());
        }
        chain.check_requirements()?;
        self.with_chains(|chains| chains.insert(name, self.generation));
        Ok(())
    }

    /// How many chains it remembers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.with_chains(|chains| chains.newer.len() + chains.older.len())
    }

    /// Whether it remembers no chain.
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

    /// Nobody leaves a set of names half changed, so what a thread that panicked has left is good.
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
