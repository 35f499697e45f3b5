//! The form of tokens: RFC 3161, 2.4.2; RFC 5652, 5.

use testing::certificate::Spec;
use testing::der::{bits, oid, sequence, tlv};
use testing::key::Kind;
use testing::status::SHA1;
use testing::timestamp::{SHA2_256, SHA2_512, TokenDraft, Tsa, algorithm};

use super::super::{MAX_TOKEN_SIZE, TimestampError as E, TimestampToken};
use super::{MESSAGE, accepted, refused, verify};
use crate::x509::MAX_CERTIFICATES;

#[test]
fn accepts_tokens_of_every_kind_of_key() {
    for kind in [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048, Kind::Rsa3072, Kind::Rsa4096] {
        let tsa = Tsa::new(kind);
        let verified = verify(&tsa.token(MESSAGE), &tsa).unwrap();
        assert_eq!(verified.chain().certificates().len(), 3);
        assert_eq!(verified.info().gen_time, testing::certificate::NOW);
        assert_eq!(verified.lower_limit(), verified.upper_limit());
    }
}

#[test]
fn rejects_every_truncation_and_trailing_bytes() {
    let tsa = Tsa::new(Kind::P256);
    let token = tsa.token(MESSAGE);
    for length in 0..token.len() {
        assert!(TimestampToken::parse(&token[..length]).is_err(), "{length}");
    }
    assert!(TimestampToken::parse(&[&token[..], &[0]].concat()).is_err());
}

#[test]
fn rejects_every_changed_byte_that_was_signed() {
    let tsa = Tsa::new(Kind::P256);
    let draft = tsa.draft(MESSAGE);
    let token = tsa.sign(&draft);
    let content = draft.info.der();
    let start = token.windows(content.len()).position(|window| window == content).unwrap();
    for position in start..start + content.len() {
        let mut changed = token.clone();
        changed[position] ^= 1;
        assert!(verify(&changed, &tsa).is_err(), "{position}");
    }
}

#[test]
fn rejects_tokens_above_the_limit_of_size() {
    let large = vec![0x30; MAX_TOKEN_SIZE + 1];
    assert_eq!(TimestampToken::parse(&large).unwrap_err(), E::TooLarge(MAX_TOKEN_SIZE + 1));
}

/// BER has an indefinite length, which DER has not.
#[test]
fn rejects_ber() {
    let tsa = Tsa::new(Kind::P256);
    let token = tsa.token(MESSAGE);
    let header = if token[1] == 0x82 { 4 } else { 3 };
    let indefinite = [&[0x30, 0x80], &token[header..], &[0, 0]].concat();
    assert!(matches!(TimestampToken::parse(&indefinite), Err(E::Malformed { part: "ContentInfo", .. })));
    let long = [&[0x30, 0x83, 0, token[2], token[3]], &token[header..]].concat();
    assert!(matches!(TimestampToken::parse(&long), Err(E::Malformed { part: "ContentInfo", .. })));
}

#[test]
fn rejects_other_contents_and_versions() {
    let tsa = Tsa::new(Kind::P256);
    // id-data
    let data = oid("1.2.840.113549.1.7.1");
    for (change, expected) in [
        (0, "ContentInfo is 1.2.840.113549.1.7.1, not id-signedData"),
        (1, "EncapsulatedContentInfo is 1.2.840.113549.1.7.1, not id-ct-TSTInfo"),
        (2, "the version of SignedData is 1, not 3"),
        (3, "the version of SignerInfo is 3, not 1"),
        (4, "the version of TSTInfo is 2, not 1"),
        (5, "the timestamp has 0 signatures"),
        (6, "the timestamp has 2 signatures"),
    ] {
        let why = refused(&tsa, |draft| match change {
            0 => draft.content_info_type = data.clone(),
            1 => draft.content_type = data.clone(),
            2 => draft.version = vec![2, 1, 1],
            3 => draft.signer_version = vec![2, 1, 3],
            4 => draft.info.version = vec![2, 1, 2],
            5 => draft.signers = 0,
            _ => draft.signers = 2,
        });
        assert!(why.to_string().contains(expected), "{why}");
    }
}

#[test]
fn bounds_the_number_of_certificates() {
    let tsa = Tsa::new(Kind::P256);
    let mut many = tsa.draft(MESSAGE);
    many.certificates = vec![tsa.chain[0].clone(); MAX_CERTIFICATES];
    many.certificates[1] = tsa.chain[1].clone();
    assert!(verify(&tsa.sign(&many), &tsa).is_ok());
    many.certificates.push(tsa.chain[0].clone());
    assert_eq!(verify(&tsa.sign(&many), &tsa).unwrap_err(), E::TooManyCertificates);
}

#[test]
fn rejects_certificates_of_other_formats() {
    let tsa = Tsa::new(Kind::P256);
    let why = refused(&tsa, |draft| draft.certificates.push(tlv(0xa1, &[])));
    assert!(matches!(why, E::Malformed { part: "CertificateSet", .. }), "{why}");
    let why = refused(&tsa, |draft| draft.certificates.push(sequence(&[&[5, 0]])));
    assert!(matches!(why, E::Certificate { position: 3, .. }), "{why}");
}

/// "There may be more certificates than necessary" (RFC 5652, 5.1): the key of one that is not used does not matter.
#[test]
fn accepts_an_unused_certificate_with_an_unusable_key() {
    let tsa = Tsa::new(Kind::P256);
    let mut unused = Spec::authority("unused", Kind::Rsa2048);
    let algorithm = sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]);
    unused.spki = Some(sequence(&[&algorithm, &bits(b"no key")]));
    let unused = unused.sign(&tsa.specs[2]);
    accepted(&tsa, |draft| draft.certificates.push(unused));
}

/// The values of attributes and what else is in the parts that are not used.
const IN_DER: [&[u8]; 4] = [&[5, 0], &[0x30, 3, 1, 1, 0xff], &[0x31, 3, 2, 1, 0xff], &[0x80, 1, 7]];
/// The same in other forms than DER, and beyond the limit of depth.
const NOT_IN_DER: [&[u8]; 9] = [
    &[0xff, 0xff],
    &[5, 1, 0],
    &[1, 1, 1],
    &[2, 2, 0, 1],
    &[2, 0],
    &[0x30, 0x80, 0, 0],
    &[0x30, 0x81, 2, 5, 0],
    &[0x30, 3, 5, 0],
    &[0x24, 2, 4, 0],
];

fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(Vec::new(), |inner, _| tlv(0x30, &inner))
}

#[test]
fn crls_are_not_used_but_must_be_der() {
    let tsa = Tsa::new(Kind::P256);
    for content in IN_DER {
        accepted(&tsa, |draft| draft.crls = tlv(0xa1, &sequence(&[content])));
    }
    accepted(&tsa, |draft| draft.crls = tlv(0xa1, &[]));
    accepted(&tsa, |draft| draft.crls = tlv(0xa1, &sequence(&[]).repeat(MAX_CERTIFICATES)));
    accepted(&tsa, |draft| draft.crls = tlv(0xa1, &nested(50)));
    let wrong = [
        &[0xff, 0xff][..],
        &[0x30, 0x80, 0, 0],
        // A CRL of another format.
        &[0xa1, 0],
        &sequence(&[]).repeat(MAX_CERTIFICATES + 1),
        &nested(70),
    ];
    for content in wrong.map(<[u8]>::to_vec).into_iter().chain(NOT_IN_DER.map(|content| sequence(&[content]))) {
        let why = refused(&tsa, |draft| draft.crls = tlv(0xa1, &content));
        assert!(matches!(why, E::Malformed { .. }), "{content:02x?}: {why}");
    }
}

#[test]
fn unsigned_attributes_are_not_used_but_must_be_der() {
    let tsa = Tsa::new(Kind::P256);
    let attribute = |values: &[u8]| sequence(&[&oid("1.2.3"), &tlv(0x31, values)]);
    let set = |content: &[u8]| tlv(0xa1, content);
    for content in IN_DER {
        accepted(&tsa, |draft| draft.unsigned_attributes = set(&attribute(content)));
    }
    // Two, in the wrong order.
    accepted(&tsa, |draft| {
        draft.unsigned_attributes = set(&[sequence(&[&oid("1.2.4"), &[0x31, 0]]), attribute(&[])].concat());
    });
    accepted(&tsa, |draft| draft.unsigned_attributes = set(&attribute(&[]).repeat(32)));
    let wrong = [
        vec![],
        vec![0xff, 0xff],
        vec![0x30, 0x80, 0x06, 0x03, 0x2a, 0x03, 0x04, 0x31, 0x80, 0, 0, 0, 0],
        attribute(&[]).repeat(33),
        sequence(&[&oid("1.2.3")]),
        sequence(&[&[0x31, 0]]),
        sequence(&[&oid("1.2.3"), &[0x31, 0], &[5, 0]]),
        sequence(&[&oid("1.2.3"), &[0x30, 0]]),
        attribute(&nested(70)),
    ];
    for content in wrong.into_iter().chain(NOT_IN_DER.map(attribute)) {
        let why = refused(&tsa, |draft| draft.unsigned_attributes = set(&content));
        assert!(matches!(why, E::Malformed { .. }), "{content:02x?}: {why}");
    }
}

/// The same holds for signed attributes that are not evaluated.
#[test]
fn values_of_other_signed_attributes_must_be_der() {
    let tsa = Tsa::new(Kind::P256);
    for content in IN_DER {
        accepted(&tsa, |draft| draft.set("1.2.3.4", &[content.to_vec()]));
    }
    for content in NOT_IN_DER {
        let why = refused(&tsa, |draft| draft.set("1.2.3.4", &[content.to_vec()]));
        assert!(matches!(why, E::Malformed { .. }), "{content:02x?}: {why}");
    }
}

#[test]
fn digest_algorithms_are_not_used_but_must_be_der() {
    let tsa = Tsa::new(Kind::P256);
    let [sha256, sha512] = [SHA2_256, SHA2_512].map(algorithm);
    let sha1 = algorithm(SHA1);
    let with = |set: Vec<u8>| move |draft: &mut TokenDraft| draft.digest_algorithms = Some(set);
    for right in [
        tlv(0x31, &[]),
        tlv(0x31, &sequence(&[&oid(SHA2_256)])),
        tlv(0x31, &sha512),
        tlv(0x31, &[&sha1[..], &sha256, &sha512].concat()),
        tlv(0x31, &sha256.repeat(16)),
    ] {
        accepted(&tsa, with(right));
    }
    for wrong in [
        tlv(0x31, &[0xff; 4]),
        tlv(0x31, &[2, 1, 5]),
        tlv(0x31, &sequence(&[])),
        tlv(0x31, &sequence(&[&[5, 0]])),
        tlv(0x31, &sequence(&[&oid(SHA2_256), &[5, 0], &[5, 0]])),
        tlv(0x31, &sequence(&[&oid(SHA2_256), &[5, 1, 0]])),
        tlv(0x31, &[&[0x30, 0x80], &sha256[2..], &[0, 0]].concat()),
        tlv(0x31, &[&sha256[..], &sha1].concat()),
        tlv(0x31, &sha256.repeat(17)),
        tlv(0x30, &sha256),
        [&[0x31, 0x81, sha256.len() as u8], &sha256[..]].concat(),
    ] {
        let why = refused(&tsa, with(wrong.clone()));
        assert!(matches!(why, E::Malformed { .. }), "{wrong:02x?}: {why}");
    }
}
