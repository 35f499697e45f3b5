//! The links of a chain: order, names, signatures and the root.

use der::{Decode as _, Header, Reader as _, SliceReader};
use testing::certificate::{Spec, issue, specs};
use testing::der::{bits, name, oid, sequence, tlv};
use testing::key::{Key, Kind};

use super::tbs::der_of;
use super::{judge, judge_der};
use crate::x509::{CertificateChain, ChainError, MAX_CERTIFICATES, RequirementError};

fn broken_at(position: usize, result: Result<(), ChainError>) -> &'static str {
    match result {
        Err(ChainError::BrokenLink { position: found, why, .. }) if found == position => why,
        other => panic!("{other:?}"),
    }
}

const NULL: &[u8] = &[5, 0];
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

/// The chain whose leaf names this algorithm, and whose issuer has a key of this kind.
fn signed_with(kind: Kind, algorithm: &[u8]) -> Result<(), ChainError> {
    judge(|specs| {
        specs[1].key = Key::new(kind);
        specs[0].algorithms = Some([algorithm.to_vec(), algorithm.to_vec()]);
    })
}

#[test]
fn rejects_unsupported_algorithms_by_their_name() {
    for (kind, id, parameters) in [
        // SHA-1, MD5, Ed25519, and PSS without parameters, which stand for SHA-1.
        (Kind::P256, "1.2.840.10045.4.1", &[][..]),
        (Kind::P256, "1.3.101.112", &[]),
        (Kind::Rsa2048, "1.2.840.113549.1.1.5", NULL),
        (Kind::Rsa2048, "1.2.840.113549.1.1.4", NULL),
        (Kind::Rsa2048, "1.2.840.113549.1.1.10", &[]),
        (Kind::Rsa2048, "1.2.840.113549.1.1.10", &[0x30, 0]),
        // The algorithm is supported, but not with these parameters.
        (Kind::P256, "1.2.840.10045.4.3.2", NULL),
        (Kind::Rsa2048, "1.2.840.113549.1.1.11", &[0x30, 0]),
        (Kind::Rsa2048, "1.2.840.113549.1.1.11", &[5, 1, 0]),
    ] {
        let refused = signed_with(kind, &sequence(&[&oid(id), parameters])).unwrap_err();
        let ChainError::Algorithm { position: 0, algorithm, .. } = &refused else { panic!("{id}: {refused:?}") };
        assert_eq!(algorithm.to_string(), id);
        assert!(refused.to_string().contains("which is not supported with its parameters"), "{refused}");
    }
    let refused = judge(|specs| {
        let sha1 = sequence(&[&oid("1.2.840.10045.4.1")]);
        specs[3].algorithms = Some([sha1.clone(), sha1]);
    });
    assert!(matches!(refused, Err(ChainError::Algorithm { position: 3, .. })), "{refused:?}");
}

#[test]
fn rejects_algorithms_of_other_keys_and_hashes() {
    for (kind, algorithm) in [
        (Kind::P256, sequence(&[&oid("1.2.840.10045.4.3.3")])),
        (Kind::P256, sequence(&[&oid("1.2.840.113549.1.1.11"), NULL])),
        (Kind::Rsa2048, sequence(&[&oid("1.2.840.10045.4.3.2")])),
    ] {
        assert_eq!(broken_at(0, signed_with(kind, &algorithm)), OTHER_KEY, "{kind:?} {algorithm:?}");
    }
}

/// "Implementations MUST accept the parameters being absent as well as present" (RFC 4055, 5).
#[test]
fn the_parameters_of_rsa_may_be_absent() {
    for parameters in [NULL, &[]] {
        let algorithm = sequence(&[&oid("1.2.840.113549.1.1.11"), parameters]);
        assert_eq!(signed_with(Kind::Rsa2048, &algorithm), Ok(()));
    }
}

#[test]
fn accepts_every_encoding_of_the_parameters_of_pss() {
    let sha = |parameters: &[u8]| sequence(&[&oid("2.16.840.1.101.3.4.2.1"), parameters]);
    for (hash, mask, trailer) in
        [(NULL, NULL, &[][..]), (&[], &[], &[]), (NULL, &[], &[]), (&[], NULL, &[]), (NULL, NULL, &[0xa3, 3, 2, 1, 1])]
    {
        let mask = sequence(&[&oid("1.2.840.113549.1.1.8"), &sha(mask)]);
        let parameters = sequence(&[&tlv(0xa0, &sha(hash)), &tlv(0xa1, &mask), &[0xa2, 3, 2, 1, 32], trailer]);
        let algorithm = sequence(&[&oid("1.2.840.113549.1.1.10"), &parameters]);
        let mut specs = specs();
        specs[1].key = Key::new(Kind::Rsa2048);
        specs[0].algorithms = Some([algorithm.clone(), algorithm]);
        let mut chain = issue(&specs);
        // The key of the draft signs with PKCS #1 v1.5.
        let [tbs, algorithm, _] = parts(&chain[0]);
        let signature = bits(&specs[1].key.sign_envelope(&tbs));
        chain[0] = sequence(&[&tbs, &algorithm, &signature]);
        assert_eq!(judge_der(chain), Ok(()), "{hash:?} {trailer:?}");
    }
}

/// The parts of a certificate.
fn parts(certificate: &[u8]) -> [Vec<u8>; 3] {
    let mut certificate = SliceReader::new(certificate).unwrap();
    Header::decode(&mut certificate).unwrap();
    [(); 3].map(|()| certificate.tlv_bytes().unwrap().to_vec())
}

/// "The parameters field MUST have ASN.1 type NULL for this algorithm identifier" (RFC 3279, 2.3.1).
#[test]
fn rejects_rsa_keys_with_other_parameters() {
    for (parameters, is_allowed) in [(NULL, true), (&[], false), (&[0x30, 0], false), (&[5, 1, 0], false)] {
        let judged = judge(|specs| {
            specs[0].key = Key::new(Kind::Rsa2048);
            let algorithm = sequence(&[&oid("1.2.840.113549.1.1.1"), parameters]);
            specs[0].spki = Some(sequence(&[&algorithm, &bits(&specs[0].key.public())]));
        });
        assert_eq!(judged.is_ok(), is_allowed, "{parameters:?}: {judged:?}");
    }
    // A key that is limited to RSASSA-PSS is of another type.
    let judged = judge(|specs| {
        specs[0].key = Key::new(Kind::Rsa2048);
        specs[0].spki = Some(sequence(&[&sequence(&[&oid("1.2.840.113549.1.1.10")]), &bits(&specs[0].key.public())]));
    });
    let unsupported = matches!(judged, Err(ChainError::Requirement { source: RequirementError::UnsupportedKey, .. }));
    assert!(unsupported, "{judged:?}");
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
            assert!(matches!(judged, Err(ChainError::Algorithm { position: 0, .. })), "{judged:?}");
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
