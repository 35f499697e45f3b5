//! Requests and responses: RFC 3161, 2.4.

use testing::certificate::NOW;
use testing::der::{sequence, tlv};
use testing::key::Kind;
use testing::timestamp::{Asked, Info, SHA2_384, TokenDraft, Tsa, granted, imprint, refused};

use super::super::{ResponseError as E, TimestampRequest};
use super::{MESSAGE, verify};
use crate::{DigestAlgorithm, ReasonCode};

fn request() -> TimestampRequest {
    TimestampRequest::new(MESSAGE, DigestAlgorithm::Sha384, [0xfe; 16]).unwrap()
}

/// A token as the request asks for it, after a change.
fn token(tsa: &Tsa, request: &TimestampRequest, change: impl FnOnce(&mut Info)) -> Vec<u8> {
    let asked = Asked::read(request.der());
    let mut info = Info::new(MESSAGE, NOW);
    info.imprint = asked.imprint;
    info.nonce = asked.nonce;
    change(&mut info);
    tsa.sign(&TokenDraft::new(tsa, info))
}

#[test]
fn a_request_asks_for_the_hash_with_a_nonce_and_certificates() {
    let asked = Asked::read(request().der());
    assert_eq!(asked.imprint, imprint(SHA2_384, MESSAGE));
    assert_eq!(asked.nonce, tlv(2, &[&[0][..], &[0xfe; 16]].concat()));
    assert!(asked.certificates);
}

#[test]
fn the_token_of_a_granted_request_verifies() {
    let tsa = Tsa::new(Kind::P256);
    for nonce in [[0xfe; 16], [0; 16], [0x7f; 16]] {
        let request = TimestampRequest::new(MESSAGE, DigestAlgorithm::Sha384, nonce).unwrap();
        let issued = token(&tsa, &request, |_| ());
        let (der, _) = request.check(&granted(&issued)).unwrap();
        assert_eq!(der, issued);
        assert!(verify(&der, &tsa).is_ok());
    }
}

#[test]
fn a_response_to_another_request_is_refused() {
    let tsa = Tsa::new(Kind::P256);
    let request = request();
    let check = |change: fn(&mut Info)| request.check(&granted(&token(&tsa, &request, change))).unwrap_err();
    assert_eq!(check(|info| info.nonce = Vec::new()), E::Nonce);
    assert_eq!(check(|info| info.nonce = vec![2, 1, 7]), E::Nonce);
    // The same bytes as a negative number.
    assert_eq!(check(|info| info.nonce = tlv(2, &[0xfe; 16])), E::Nonce);
    assert_eq!(check(|info| info.imprint = imprint(SHA2_384, b"another")), E::OtherMessage);
    assert_eq!(check(|info| info.imprint = imprint(testing::timestamp::SHA2_256, MESSAGE)), E::OtherMessage);
    assert_eq!(E::Nonce.code(), ReasonCode::Protocol);
}

#[test]
fn refusals_say_why() {
    for (response, expected, code) in [
        (refused(2, "", &[]), "rejection", ReasonCode::Denied),
        (
            refused(2, "no such policy", &[15]),
            "rejection, unacceptedPolicy: the requested policy is not supported (no such policy)",
            ReasonCode::Denied,
        ),
        (
            refused(2, "", &[0, 25]),
            "rejection, badAlg: unrecognized or unsupported algorithm, systemFailure: system failure",
            ReasonCode::Protocol,
        ),
        (refused(3, "", &[]), "waiting", ReasonCode::Protocol),
        (refused(9, "a\u{1b}[31mb", &[3]), "unknown status, unknown failure 3 (a [31mb)", ReasonCode::Denied),
    ] {
        let why = request().check(&response).unwrap_err();
        assert_eq!(why.to_string(), format!("the timestamping authority refuses the request: {expected}"));
        assert_eq!(why.code(), code);
    }
}

#[test]
fn the_status_must_go_with_the_token() {
    let tsa = Tsa::new(Kind::P256);
    let request = request();
    let token = token(&tsa, &request, |_| ());
    let with_status = |status: u8| sequence(&[&sequence(&[&[2, 1, status]]), &token]);
    // grantedWithMods
    assert!(request.check(&with_status(1)).is_ok());
    assert_eq!(request.check(&with_status(2)).unwrap_err(), E::Contradiction(2, "a timestamp"));
    let missing = sequence(&[&sequence(&[&[2, 1, 0]])]);
    assert_eq!(request.check(&missing).unwrap_err(), E::Contradiction(0, "a missing timestamp"));
}

#[test]
fn rejects_malformed_responses() {
    let tsa = Tsa::new(Kind::P256);
    let request = request();
    let response = granted(&token(&tsa, &request, |_| ()));
    for length in 0..response.len() {
        assert!(request.check(&response[..length]).is_err());
    }
    for wrong in [&b"<html>"[..], &[0x30, 0], &[&response[..], &[0]].concat()] {
        assert!(matches!(request.check(wrong), Err(E::Malformed(_))), "{wrong:x?}");
    }
}
