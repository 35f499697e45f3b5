//! The form of tokens: RFC 3161, 2.4.2; RFC 5652, 5.

use testing::der::{oid, sequence, tlv};
use testing::key::Kind;
use testing::timestamp::Tsa;

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

#[test]
fn ignores_crls_and_unsigned_attributes() {
    let tsa = Tsa::new(Kind::P256);
    accepted(&tsa, |draft| {
        draft.crls = tlv(0xa1, &sequence(&[&[5, 0]]));
        draft.unsigned_attributes = tlv(0xa1, &sequence(&[&oid("1.2.3"), &tlv(0x31, &[5, 0])]));
    });
}
