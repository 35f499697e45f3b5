//! The links of a chain: order, names, signatures and the root.

use testing::certificate::{Spec, issue, specs};
use testing::der::{name, oid, sequence};
use testing::key::{Key, Kind};

use super::tbs::der_of;
use super::{judge, judge_der};
use crate::x509::{CertificateChain, ChainError, MAX_CERTIFICATES};

fn broken_at(position: usize, result: Result<(), ChainError>) -> &'static str {
    match result {
        Err(ChainError::BrokenLink { position: found, why, .. }) if found == position => why,
        other => panic!("{other:?}"),
    }
}

const OTHER_NAME: &str = "it names another issuer";
const OTHER_KEY: &str = "its signature does not verify under that certificate's key";

#[test]
fn accepts_mixed_key_types() {
    let authorities = [("a", Kind::Rsa2048), ("b", Kind::P521), ("c", Kind::P384)];
    let chain = |leaf| {
        judge(|specs| {
            *specs = vec![Spec::leaf(leaf)];
            specs.extend(authorities.map(|(name, kind)| Spec::authority(name, kind)));
        })
    };
    for leaf in [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048, Kind::Rsa3072] {
        assert_eq!(chain(leaf), Ok(()), "{leaf:?}");
    }
}

#[test]
fn rejects_certificates_out_of_order() {
    let chain = issue(&specs());
    let order = |order: &[usize]| judge_der(order.iter().map(|i| chain[*i].clone()).collect());
    assert_eq!(order(&[0, 1, 2, 3]), Ok(()));
    assert_eq!(broken_at(0, order(&[0, 2, 1, 3])), OTHER_NAME);
    assert_eq!(broken_at(0, order(&[0, 3])), OTHER_NAME);
    assert_eq!(broken_at(1, order(&[0, 1, 3])), OTHER_NAME);
    assert_eq!(broken_at(1, order(&[0, 1, 1, 2, 3])), OTHER_NAME);
    assert!(matches!(order(&[3, 2, 1, 0]), Err(ChainError::Requirement { position: 0, .. })));
    assert!(matches!(order(&[1, 0, 2, 3]), Err(ChainError::Requirement { position: 0, .. })));
}

#[test]
fn rejects_a_chain_without_its_root() {
    let chain = issue(&specs());
    assert!(matches!(judge_der(chain[..3].to_vec()), Err(ChainError::NoRoot { .. })));
    assert!(matches!(judge_der(chain[..1].to_vec()), Err(ChainError::NoRoot { .. })));
    assert_eq!(judge_der(Vec::new()), Err(ChainError::Empty));
}

#[test]
fn rejects_a_root_inside_the_chain() {
    let chain = issue(&specs());
    let twice = [&chain[..], &chain[3..]].concat();
    assert!(matches!(judge_der(twice), Err(ChainError::RootInside { position: 3, .. })));
}

/// "The certificates in the signature MUST be ordered list": equal names alone do not make a root.
#[test]
fn accepts_a_certificate_named_like_its_issuer() {
    assert_eq!(judge(|specs| specs[1].subject = specs[2].subject.clone()), Ok(()));
    assert_eq!(judge(|specs| specs[0].subject = specs[1].subject.clone()), Ok(()));
}

#[test]
fn rejects_an_unrelated_certificate() {
    let chain = issue(&specs());
    let stranger = Spec::authority("stranger", Kind::P256);
    let stranger = stranger.sign(&stranger);
    let mut inside = chain.clone();
    inside.insert(2, stranger.clone());
    assert_eq!(broken_at(1, judge_der(inside)), OTHER_NAME);
    let after = [&chain[..], &[stranger]].concat();
    assert!(matches!(judge_der(after), Err(ChainError::RootInside { position: 3, .. })));
}

#[test]
fn rejects_another_key_under_the_issuers_name() {
    for position in 0..3 {
        let specs = specs();
        let mut chain = issue(&specs);
        let mut impostor = Spec::authority("", Kind::P256);
        impostor.subject = specs[position + 1].subject.clone();
        impostor.issuer = Some(specs[(position + 2).min(3)].subject.clone());
        chain[position + 1] = impostor.sign(&specs[(position + 2).min(3)]);
        if position == 2 {
            chain[3] = impostor.sign(&impostor);
        }
        assert_eq!(broken_at(position, judge_der(chain)), OTHER_KEY, "position {position}");
    }
}

#[test]
fn rejects_a_root_that_is_not_self_signed() {
    let specs = specs();
    let mut chain = issue(&specs);
    let other = Spec::authority("root", Kind::P256);
    chain[3] = specs[3].sign(&other);
    assert!(matches!(judge_der(chain), Err(ChainError::NoRoot { .. })));
}

/// RFC 5280 compares names by characters. notation compares bytes, so an issuer name in another encoding does not
/// match.
#[test]
fn distinguishes_encodings_of_a_name() {
    let refused = judge(|specs| specs[0].issuer = Some(name(0x13, "issuing")));
    assert_eq!(broken_at(0, refused), OTHER_NAME);
    let refused = judge(|specs| specs[0].issuer = Some(name(0x0c, "Issuing")));
    assert_eq!(broken_at(0, refused), OTHER_NAME);
}

#[test]
fn rejects_sha1_md5_and_mismatched_algorithms() {
    let cases = [
        (Kind::P256, sequence(&[&oid("1.2.840.10045.4.1")])),
        (Kind::P256, sequence(&[&oid("1.2.840.10045.4.3.3")])),
        (Kind::P256, sequence(&[&oid("1.2.840.113549.1.1.11"), &[5, 0]])),
        (Kind::P256, sequence(&[&oid("1.3.101.112")])),
        (Kind::Rsa2048, sequence(&[&oid("1.2.840.113549.1.1.5"), &[5, 0]])),
        (Kind::Rsa2048, sequence(&[&oid("1.2.840.113549.1.1.4"), &[5, 0]])),
        (Kind::Rsa2048, sequence(&[&oid("1.2.840.113549.1.1.10")])),
        (Kind::Rsa2048, sequence(&[&oid("1.2.840.10045.4.3.2")])),
    ];
    for (kind, algorithm) in cases {
        let refused = judge(|specs| {
            specs[1].key = Key::new(kind);
            specs[0].algorithms = Some([algorithm.clone(), algorithm.clone()]);
        });
        assert_eq!(broken_at(0, refused), OTHER_KEY, "{kind:?} {algorithm:?}");
    }
}

/// Made with openssl: the signatures are correct, but over a weak digest.
#[test]
fn rejects_signatures_over_weak_digests() {
    let chains = [
        (include_str!("../../../../../testdata/weak-signatures/rsa-sha256.pem"), true),
        (include_str!("../../../../../testdata/weak-signatures/ecdsa-sha256.pem"), true),
        (include_str!("../../../../../testdata/weak-signatures/rsa-sha1.pem"), false),
        (include_str!("../../../../../testdata/weak-signatures/rsa-md5.pem"), false),
        (include_str!("../../../../../testdata/weak-signatures/rsa-sha224.pem"), false),
        (include_str!("../../../../../testdata/weak-signatures/ecdsa-sha1.pem"), false),
        (include_str!("../../../../../testdata/weak-signatures/ecdsa-sha224.pem"), false),
    ];
    for (pem, good) in chains {
        let certificates = pem.split_inclusive("-----END CERTIFICATE-----").filter(|c| c.contains("BEGIN"));
        let chain = CertificateChain::from_der(certificates.map(der_of).collect()).unwrap();
        let judged = chain.clone().check_code_signing(chain.leaf().not_before()).map(drop);
        if good {
            assert_eq!(judged, Ok(()));
        } else {
            assert_eq!(broken_at(0, judged), OTHER_KEY);
        }
    }
}

#[test]
fn rejects_truncated_and_altered_signatures() {
    let specs = specs();
    let chain = issue(&specs);
    for bit in 0..64 {
        let mut altered = chain.clone();
        let last = altered[0].len() - 1;
        altered[0][last - bit / 8] ^= 1 << (bit % 8);
        assert_eq!(broken_at(0, judge_der(altered)), OTHER_KEY);
    }
}

#[test]
fn rejects_more_than_sixteen_certificates() {
    let mut chain = issue(&specs());
    chain.resize(MAX_CERTIFICATES, chain[3].clone());
    assert!(CertificateChain::from_der(chain.clone()).is_ok());
    chain.push(chain[3].clone());
    assert_eq!(CertificateChain::from_der(chain), Err(ChainError::TooLong(17)));
}
