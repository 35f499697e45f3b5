//! A cache of the chains of timestamping authorities. Parsing their certificates and checking the signatures of these
//! is most of the work of verifying a timestamp, and few authorities are trusted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

use crate::x509::{Certificate, LinkedChain};

/// The number of sets of certificates that are kept. An authority uses one for months.
pub(super) const MAX_KNOWN: usize = 16;
/// The largest set that is kept, in bytes of DER. Real ones have about 5,000.
const MAX_SIZE: usize = 32 * 1024;

/// The SHA-256 of the certificates of a token, as they are in it.
pub(super) type SetHash = [u8; 32];

/// A thread-safe cache of the certificates and chains of timestamps that verified.
///
/// Only chains that led to a trusted root are cached, so that senders cannot displace them. Trust in the root and
/// validity at a time are never cached.
#[derive(Debug, Default)]
pub struct AuthorityCache {
    /// The last that were used, the newest first.
    known: Mutex<VecDeque<Known>>,
}

/// The certificates of a token, and a chain from one of them that met the requirements.
#[derive(Debug, Clone)]
struct Known {
    set: SetHash,
    certificates: Arc<Vec<Certificate>>,
    chain: LinkedChain,
}

/// Hashes the certificates of a token.
pub(super) fn hash(set: &[u8]) -> SetHash {
    let mut hash = SetHash::default();
    hash.copy_from_slice(digest(&SHA256, set).as_ref());
    hash
}

impl AuthorityCache {
    /// Returns the parsed certificates of a set.
    pub(super) fn certificates(&self, set: &SetHash) -> Option<Arc<Vec<Certificate>>> {
        self.with_known(|known| known.iter().find(|one| one.set == *set).map(|one| Arc::clone(&one.certificates)))
    }

    /// Returns the chain of a signing certificate of a set, which has met the requirements.
    pub(super) fn chain(&self, set: &SetHash, signer: &Certificate) -> Option<LinkedChain> {
        self.with_known(|known| {
            let position = known.iter().position(|one| one.set == *set && one.chain.leaf() == signer)?;
            let found = known.remove(position)?;
            let chain = found.chain.clone();
            known.push_front(found);
            Some(chain)
        })
    }

    /// Keeps a chain that led to a trusted root.
    pub(super) fn insert(&self, set: SetHash, certificates: &Arc<Vec<Certificate>>, chain: &LinkedChain) {
        let size: usize = certificates.iter().chain([chain.root()]).map(|one| one.der().len()).sum();
        if size > MAX_SIZE {
            return;
        }
        self.with_known(|known| {
            known.retain(|one| one.set != set || one.chain.leaf() != chain.leaf());
            known.truncate(MAX_KNOWN - 1);
            known.push_front(Known { set, certificates: Arc::clone(certificates), chain: chain.clone() });
        });
    }

    /// The number of chains in the cache.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.with_known(|known| known.len())
    }

    /// Ignores poisoning: a panic cannot leave the list half-changed.
    fn with_known<T>(&self, work: impl FnOnce(&mut VecDeque<Known>) -> T) -> T {
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
