//! A cache of certificate chains that meet the requirements. Parsing certificates and checking their signatures is most
//! of the work of a verification, and a signer uses few chains.

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use super::certificate::Certificate;
use super::chain::{CertificateChain, ChainError, ChainHash, LinkedChain, hash};
use super::concurrent::Check;

/// The number of chains that are kept parsed.
const MAX_PARSED: usize = 32;
/// The number of roots whose own signature is not checked again.
const MAX_ROOTS: usize = 64;
/// The largest chain that is kept parsed, in bytes of DER. AWS Signer's have about 5,000.
const MAX_PARSED_SIZE: usize = 32 * 1024;

/// A thread-safe cache of the chains that passed [`CertificateChain::check_requirements`].
///
/// Only success is cached: never a failure, and never validity at a time, trust or revocation. The capacity is fixed,
/// and the least recently used chains are evicted. An attacker who sends many different chains can slow others down, no
/// more.
#[derive(Debug)]
pub struct ChainCache {
    /// The maximum number of chains in a generation: half of the capacity, since there are two.
    generation: usize,
    chains: Mutex<Chains>,
}

#[derive(Debug, Default)]
struct Chains {
    passed: Generations,
    /// The last chains that passed, the newest first.
    parsed: VecDeque<CertificateChain>,
    /// The SHA-256 of roots whose own signature passed.
    roots: HashSet<String>,
}

/// The hashes of chains. When the newer generation is full, it replaces the older one. This approximates
/// least-recently-used eviction without an ordered list.
#[derive(Debug, Default)]
struct Generations {
    newer: HashSet<ChainHash>,
    older: HashSet<ChainHash>,
}

impl ChainCache {
    /// The capacity of [`ChainCache::default`]. A chain takes about 100 bytes.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

    /// Creates a cache for at most `capacity` chains. A capacity of 1 disables caching.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self { generation: capacity.get() / 2, chains: Mutex::default() }
    }

    /// Like [`CertificateChain::from_der`], but returns a chain that passed lately without parsing it again.
    ///
    /// # Errors
    /// See [`CertificateChain::from_der`].
    pub fn parse(&self, certificates: Vec<Vec<u8>>) -> Result<CertificateChain, ChainError> {
        let hash = hash(certificates.iter().map(Vec::as_slice));
        match self.with_chains(|chains| chains.parsed(&hash)) {
            Some(chain) => Ok(chain),
            None => CertificateChain::from_der(certificates),
        }
    }

    /// Like [`CertificateChain::check_requirements`], but does not check a chain again that has passed before.
    ///
    /// # Errors
    /// See [`CertificateChain::check_requirements`].
    pub fn check_requirements(&self, chain: CertificateChain) -> Result<LinkedChain, ChainError> {
        self.check_requirements_and(chain, &|| true).1
    }

    /// As [`Self::check_requirements`], and checks a signature by the leaf's key at the same time. Returns whether
    /// `signature` passed, and the result for the chain, which is cached only if both passed.
    pub(crate) fn check_requirements_and(
        &self,
        chain: CertificateChain,
        signature: Check<'_>,
    ) -> (bool, Result<LinkedChain, ChainError>) {
        if self.with_chains(|chains| chains.has_passed(&chain, self.generation)) {
            return (signature(), Ok(LinkedChain::from_known(chain)));
        }
        let is_root_known = self.knows_root(chain.last());
        let (passed, checked) = chain.check_requirements_and(signature, is_root_known);
        if let (true, Ok(linked)) = (passed, &checked) {
            self.with_chains(|chains| chains.insert(linked, self.generation));
        }
        (passed, checked)
    }

    /// Checks the signature of a root by itself in advance, so that the check of a chain that ends in it need not.
    /// Other certificates change nothing.
    pub fn learn_root(&self, certificate: &Certificate) {
        if self.generation > 0 && !self.knows_root(certificate) && certificate.is_self_signed() {
            self.with_chains(|chains| chains.insert_root(certificate));
        }
    }

    /// Whether the certificate is a root whose own signature was checked before.
    #[must_use]
    pub fn knows_root(&self, certificate: &Certificate) -> bool {
        let thumbprint = certificate.thumbprint();
        self.with_chains(|chains| chains.roots.contains(thumbprint))
    }

    /// Returns the number of cached chains.
    #[must_use]
    pub fn len(&self) -> usize {
        self.with_chains(|chains| chains.passed.newer.len() + chains.passed.older.len())
    }

    /// Whether the cache is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ignores poisoning: a panic cannot leave the sets half-changed.
    fn with_chains<T>(&self, work: impl FnOnce(&mut Chains) -> T) -> T {
        work(&mut self.chains.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for ChainCache {
    fn default() -> Self {
        Self::new(Self::DEFAULT_CAPACITY)
    }
}

impl Chains {
    fn parsed(&mut self, hash: &ChainHash) -> Option<CertificateChain> {
        let position = self.parsed.iter().position(|chain| chain.hash() == hash)?;
        let chain = self.parsed.remove(position)?;
        self.parsed.push_front(chain.clone());
        Some(chain)
    }

    fn insert(&mut self, chain: &LinkedChain, generation: usize) {
        if generation == 0 {
            return;
        }
        self.passed.insert(*chain.hash(), generation);
        self.insert_root(chain.root());
        self.keep_parsed(chain);
    }

    /// The first roots stay: a verifier trusts few, and strangers' chains can end in any.
    fn insert_root(&mut self, root: &Certificate) {
        if self.roots.len() < MAX_ROOTS {
            self.roots.insert(root.thumbprint().to_owned());
        }
    }

    fn has_passed(&mut self, chain: &CertificateChain, generation: usize) -> bool {
        let has_passed = self.passed.contains(chain.hash(), generation);
        if has_passed && !self.parsed.iter().any(|kept| kept.hash() == chain.hash()) {
            self.keep_parsed(chain);
        }
        has_passed
    }

    fn keep_parsed(&mut self, chain: &CertificateChain) {
        let size: usize = chain.certificates().iter().map(|certificate| certificate.der().len()).sum();
        if size <= MAX_PARSED_SIZE {
            self.parsed.truncate(MAX_PARSED - 1);
            self.parsed.push_front(chain.clone());
        }
    }
}

impl Generations {
    fn contains(&mut self, hash: &ChainHash, most: usize) -> bool {
        if self.newer.contains(hash) {
            return true;
        }
        let is_known = self.older.remove(hash);
        if is_known {
            self.insert(*hash, most);
        }
        is_known
    }

    fn insert(&mut self, hash: ChainHash, most: usize) {
        if self.newer.len() >= most {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(hash);
    }
}
