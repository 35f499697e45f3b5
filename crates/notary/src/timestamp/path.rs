//! The chain of a token's signing certificate. The certificates of a token are a set, so the chain is looked for,
//! unlike that of an envelope.

use super::error::TimestampError as E;
use crate::x509::{Certificate, ChainError, MAX_CERTIFICATES};

/// How many signatures of certificates are checked at most: a sender chooses the certificates, and many of one name
/// would make many paths.
const MAX_CHECKS: usize = 4 * MAX_CERTIFICATES;

/// Looks for a chain from `leaf` through `intermediates` to one of `roots`, and returns the first that `accept`
/// accepts. The signature of each link has been checked.
pub(super) fn find<'a, T>(
    leaf: &'a Certificate,
    intermediates: &'a [Certificate],
    roots: &'a [Certificate],
    accept: impl Fn(Vec<Certificate>) -> Result<T, E>,
) -> Result<T, E> {
    let mut search = Search { intermediates, roots, accept, left: MAX_CHECKS, refused: None, end: (0, leaf) };
    match search.extend(&mut vec![leaf]) {
        Ok(Some(accepted)) => Ok(accepted),
        Ok(None) => {
            let (_, end) = search.end;
            let untrusted =
                || E::UntrustedChain { subject: leaf.subject().to_owned(), issuer: end.issuer().to_owned() };
            Err(search.refused.unwrap_or_else(untrusted))
        }
        Err(why) => Err(why),
    }
}

struct Search<'a, F> {
    intermediates: &'a [Certificate],
    roots: &'a [Certificate],
    accept: F,
    left: usize,
    /// Why the first complete chain was not accepted, or cannot be complete.
    refused: Option<E>,
    /// The length and the last certificate of the longest chain.
    end: (usize, &'a Certificate),
}

impl<'a, T, F: Fn(Vec<Certificate>) -> Result<T, E>> Search<'a, F> {
    /// Continues a chain. `None` if it leads to no root.
    fn extend(&mut self, chain: &mut Vec<&'a Certificate>) -> Result<Option<T>, E> {
        let Some(last) = chain.last().copied() else { return Ok(None) };
        if chain.len() > self.end.0 {
            self.end = (chain.len(), last);
        }
        if !last.has_supported_algorithm() {
            self.refused.get_or_insert_with(|| E::Chain(ChainError::algorithm(chain.len() - 1, last)));
            return Ok(None);
        }
        for root in self.roots {
            if root != last && self.has_issued(root, last)? {
                let certificates = chain.iter().copied().chain([root]).cloned().collect();
                match (self.accept)(certificates) {
                    Ok(accepted) => return Ok(Some(accepted)),
                    Err(why) => drop(self.refused.get_or_insert(why)),
                }
            }
        }
        if chain.len() + 1 >= MAX_CERTIFICATES {
            return Ok(None);
        }
        for issuer in self.intermediates {
            if !chain.contains(&issuer) && self.has_issued(issuer, last)? {
                chain.push(issuer);
                let found = self.extend(chain)?;
                chain.pop();
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    fn has_issued(&mut self, issuer: &Certificate, subject: &Certificate) -> Result<bool, E> {
        if !subject.names_as_issuer(issuer) {
            return Ok(false);
        }
        self.left = self.left.checked_sub(1).ok_or(E::TooManyPaths)?;
        Ok(subject.is_signed_by(issuer))
    }
}
