//! The cache of chains changes no verdict.

use testing::certificate::NOW;
use testing::key::{Key, Kind};
use testing::timestamp::{SIGNING_CERTIFICATE_V2, Tsa, certificate_id, signing_certificate};
use time::Duration;

use super::super::cache::MAX_KNOWN;
use super::super::{AuthorityCache, TimestampError as E, TimestampToken, VerifiedTimestamp};
use super::{MESSAGE, certificate};
use crate::x509::{Certificate, ChainError};

fn verify(token: &[u8], roots: &[Certificate], cache: &AuthorityCache) -> Result<VerifiedTimestamp, E> {
    TimestampToken::parse_with(token, cache)?.verify_with(MESSAGE, roots, cache)
}

#[test]
fn a_known_chain_does_not_replace_the_other_checks() {
    let tsa = Tsa::new(Kind::P256);
    let roots = [certificate(tsa.root())];
    let cache = AuthorityCache::default();
    assert!(verify(&tsa.token(MESSAGE), &roots, &cache).is_ok());
    assert!(verify(&tsa.token(MESSAGE), &roots, &cache).is_ok());

    let mut broken = tsa.draft(MESSAGE);
    broken.broken = true;
    assert_eq!(verify(&tsa.sign(&broken), &roots, &cache).unwrap_err(), E::Signature);
    let forged = tsa.draft(MESSAGE).sign(&Key::new(Kind::P256));
    assert_eq!(verify(&forged, &roots, &cache).unwrap_err(), E::Signature);
    assert_eq!(verify(&tsa.token(b"another"), &roots, &cache).unwrap_err(), E::OtherMessage);
    let late = tsa.sign(&tsa.draft_at(MESSAGE, NOW + Duration::days(9)));
    assert!(matches!(verify(&late, &roots, &cache), Err(E::Chain(ChainError::NotValidAt { .. }))));
    let mut limited = tsa.draft(MESSAGE);
    let ids = [certificate_id(&tsa.chain[0]), certificate_id(tsa.root())];
    limited.set(SIGNING_CERTIFICATE_V2, &[signing_certificate(&ids)]);
    assert!(matches!(verify(&tsa.sign(&limited), &roots, &cache), Err(E::UnlistedCertificate { .. })));
}

#[test]
fn trust_is_not_cached() {
    let tsa = Tsa::new(Kind::P256);
    let cache = AuthorityCache::default();
    assert!(verify(&tsa.token(MESSAGE), &[certificate(tsa.root())], &cache).is_ok());
    let other = Tsa::new(Kind::P256);
    for roots in [vec![], vec![certificate(other.root())]] {
        assert!(matches!(verify(&tsa.token(MESSAGE), &roots, &cache), Err(E::UntrustedChain { .. })));
    }
    // The certificates of another authority, under the same names, are another set.
    assert!(matches!(verify(&other.token(MESSAGE), &[certificate(tsa.root())], &cache), Err(E::UntrustedChain { .. })));
}

#[test]
fn many_authorities_do_not_fill_the_memory() {
    let cache = AuthorityCache::default();
    let first = Tsa::new(Kind::P256);
    for tsa in std::iter::once(&first).chain(&(0..40).map(|_| Tsa::new(Kind::P256)).collect::<Vec<_>>()) {
        assert!(verify(&tsa.token(MESSAGE), &[certificate(tsa.root())], &cache).is_ok());
    }
    assert_eq!(cache.len(), MAX_KNOWN);
    assert!(verify(&first.token(MESSAGE), &[certificate(first.root())], &cache).is_ok());
    assert_eq!(cache.len(), MAX_KNOWN);
}
