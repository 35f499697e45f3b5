//! What the chain cache stores, and what it must not store.

use std::num::NonZeroUsize;

use testing::certificate::{NOW, Spec, basic_constraints, issue, specs};
use testing::der::name;
use testing::key::Kind;

use crate::x509::{Certificate, CertificateChain, ChainCache, ChainError};

fn cache(capacity: usize) -> ChainCache {
    ChainCache::new(NonZeroUsize::new(capacity).unwrap())
}

fn chain(certificates: Vec<Vec<u8>>) -> CertificateChain {
    CertificateChain::from_der(certificates).unwrap()
}

/// A new short chain.
fn fresh() -> CertificateChain {
    chain(issue(&[Spec::leaf(Kind::P256), Spec::authority("root", Kind::P256)]))
}

/// The cache's answer, without the chain.
fn check(cache: &ChainCache, chain: &CertificateChain) -> Result<(), ChainError> {
    cache.check_requirements(chain.clone()).map(drop)
}

/// Whether the cache returns this very chain instead of parsing it again.
fn is_kept(cache: &ChainCache, chain: &CertificateChain) -> bool {
    let certificates = chain.certificates().iter().map(|certificate| certificate.der().to_vec()).collect();
    std::ptr::eq(cache.parse(certificates).unwrap().leaf(), chain.leaf())
}

#[test]
fn parses_a_valid_chain_once() {
    let cache = ChainCache::default();
    let good = chain(issue(&specs()));
    assert!(!is_kept(&cache, &good));
    check(&cache, &good).unwrap();
    assert!(is_kept(&cache, &good));
    for _ in 0..100 {
        check(&cache, &fresh()).unwrap();
    }
    assert!(!is_kept(&cache, &good), "at most 32 chains are kept");
    check(&cache, &good).unwrap();
    assert!(is_kept(&cache, &good));
}

#[test]
fn does_not_keep_large_chains() {
    let cache = ChainCache::default();
    let mut specs = [Spec::leaf(Kind::P256), Spec::authority("root", Kind::P256)];
    specs[1].subject = name(0x0c, &"long ".repeat(5_000));
    let large = chain(issue(&specs));
    check(&cache, &large).unwrap();
    assert_eq!((cache.len(), is_kept(&cache, &large)), (1, false));
}

#[test]
fn caches_a_valid_chain_once() {
    let cache = ChainCache::default();
    let good = chain(issue(&specs()));
    assert!(cache.is_empty());
    for _ in 0..3 {
        assert_eq!(check(&cache, &good), Ok(()));
        assert_eq!(cache.len(), 1);
    }
}

#[test]
fn rejects_altered_certificates_of_a_cached_chain() {
    let cache = ChainCache::default();
    let good = issue(&specs());
    check(&cache, &chain(good.clone())).unwrap();
    for position in 0..good.len() {
        let mut altered = good.clone();
        *altered[position].last_mut().unwrap() ^= 1;
        let altered = chain(altered);
        for _ in 0..2 {
            assert_eq!(check(&cache, &altered), altered.clone().check_requirements().map(drop));
            assert!(altered.clone().check_requirements().map(drop).is_err(), "{position}");
        }
    }
    assert_eq!(cache.len(), 1);
}

/// After the check of one chain its root is known, which changes nothing for others that end in it.
#[test]
fn a_known_root_vouches_only_for_what_it_issued() {
    let good = issue(&specs());
    let mut broken = specs();
    broken[2].issuer = Some(name(0x0c, "another"));
    let other = issue(&broken);
    let root = |certificates: &[Vec<u8>]| Certificate::from_der(certificates.last().unwrap().clone()).unwrap();
    let with_root_of_good: Vec<Vec<u8>> = other[..3].iter().chain(&good[3..]).cloned().collect();
    let cache = ChainCache::default();
    for root in [root(&good), root(&other)] {
        cache.learn_root(&root);
        assert!(cache.knows_root(&root));
    }
    for certificates in [other, with_root_of_good] {
        let expected = chain(certificates.clone()).check_requirements().map(drop);
        assert!(matches!(expected, Err(ChainError::BrokenLink { position: 2, .. })), "{expected:?}");
        assert_eq!(check(&cache, &chain(certificates)), expected);
    }
    assert!(cache.is_empty());
    assert_eq!(check(&cache, &chain(good)), Ok(()));
}

#[test]
fn only_roots_are_learned() {
    let good = issue(&specs());
    let mut altered = good.clone();
    *altered[3].last_mut().unwrap() ^= 1;
    let cache = ChainCache::default();
    for certificates in [&altered, &good] {
        for der in certificates[..3].iter().chain(&altered[3..]) {
            let certificate = Certificate::from_der(der.clone()).unwrap();
            cache.learn_root(&certificate);
            assert!(!cache.knows_root(&certificate));
        }
    }
    for certificates in [altered, good[..3].to_vec(), good[..1].to_vec()] {
        let expected = chain(certificates.clone()).check_requirements().map(drop);
        assert!(expected.is_err());
        assert_eq!(check(&cache, &chain(certificates)), expected);
    }
}

#[test]
fn distinguishes_order_and_number_of_certificates() {
    let cache = ChainCache::default();
    let good = issue(&specs());
    check(&cache, &chain(good.clone())).unwrap();
    let [leaf, issuing, policy, root] = &good[..] else { panic!() };
    for other in [
        vec![leaf, policy, issuing, root],
        vec![root, policy, issuing, leaf],
        vec![issuing, policy, root],
        vec![leaf, issuing, policy],
        vec![leaf, issuing, policy, root, root],
        vec![leaf],
    ] {
        let other = chain(other.into_iter().cloned().collect());
        assert!(check(&cache, &other).is_err());
    }
    assert_eq!(cache.len(), 1);
}

#[test]
fn never_caches_an_invalid_chain() {
    let cache = ChainCache::default();
    let mut specs = specs();
    specs[1].set(basic_constraints(true, false, None));
    let bad = chain(issue(&specs));
    for _ in 0..3 {
        assert!(matches!(check(&cache, &bad), Err(ChainError::Requirement { position: 1, .. })));
        assert!(cache.is_empty());
    }
}

#[test]
fn checks_the_validity_of_a_cached_chain() {
    let cache = ChainCache::default();
    let good = chain(issue(&specs()));
    check(&cache, &good).unwrap();
    assert_eq!(good.check_validity(NOW), Ok(()));
    assert!(matches!(good.check_validity(NOW + time::Duration::days(9)), Err(ChainError::NotValidAt { .. })));
}

#[test]
fn stays_within_its_capacity_and_keeps_chains_in_use() {
    for capacity in [1, 2, 3, 8] {
        let cache = cache(capacity);
        let in_use = fresh();
        for _ in 0..20 {
            check(&cache, &in_use).unwrap();
            check(&cache, &fresh()).unwrap();
            assert!(cache.len() <= capacity, "{} of {capacity}", cache.len());
        }
        assert_eq!(is_kept(&cache, &in_use), capacity > 1, "{capacity}");
    }
}

#[test]
fn threads_can_share_a_cache() {
    let cache = cache(4);
    let good = [fresh(), fresh(), fresh()];
    let mut specs = specs();
    specs[2].set(basic_constraints(true, true, Some(0)));
    let bad = chain(issue(&specs));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert!(good.iter().all(|chain| check(&cache, chain).is_ok()));
                    assert_eq!(check(&cache, &bad), bad.clone().check_requirements().map(drop));
                }
            });
        }
    });
    assert!(bad.clone().check_requirements().map(drop).is_err());
    assert!((1..=3).contains(&cache.len()), "{}", cache.len());
}
