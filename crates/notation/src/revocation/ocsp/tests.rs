//! Valid, invalid and forged OCSP responses.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use aws_lc_rs::digest::{SHA256, SHA384};
use der::Decode as _;
use notary::x509::Certificate;
use testing::certificate::{DIGITAL_SIGNATURE, Extension, NOW, Spec, extended_key_usage, key_usage};
use testing::der::{oid, sequence, tlv};
use testing::key::{Key, Kind};
use testing::status::{
    INVALIDITY_DATE, OcspDraft, Party, cert_id, extension, generalized, good, revoked, sha1, unknown,
};
use time::{Duration, OffsetDateTime};
use x509_cert::ext::pkix::CrlReason;

use super::message::OcspRequest;
use super::{request, verify};
use crate::revocation::error::{CurrencyError, OcspError};
use crate::revocation::ocsp::Verified;

const SERIAL: [u8; 2] = [0x12, 0x34];

/// An authority and a certificate that it issued.
struct World {
    authority: Spec,
    issuer: Certificate,
    leaf: Certificate,
}

impl World {
    fn new(kind: Kind) -> World {
        let authority = Spec::authority("authority", kind);
        let leaf = Spec::leaf(Kind::P256);
        let certificate = |spec: &Spec| Certificate::from_der(spec.sign(&authority)).unwrap();
        World { issuer: certificate(&authority), leaf: certificate(&leaf), authority }
    }

    fn party(&self) -> Party {
        Party { name: self.authority.subject.clone(), key: self.authority.key.public() }
    }

    fn draft(&self, status: Vec<u8>) -> OcspDraft {
        OcspDraft::new(&self.party(), &SERIAL, status, NOW)
    }

    fn verify(&self, draft: &OcspDraft) -> Result<Verified, OcspError> {
        self.verify_signed_by(draft, &self.authority.key)
    }

    fn verify_signed_by(&self, draft: &OcspDraft, key: &Key) -> Result<Verified, OcspError> {
        self.verify_der(&draft.sign(&key.certificate_algorithm(), |tbs| key.sign_certificate(tbs)))
    }

    fn verify_der(&self, der: &[u8]) -> Result<Verified, OcspError> {
        verify(der, &self.leaf, &self.issuer, NOW)
    }

    /// Verifies a good response after `change`.
    fn changed(&self, change: impl FnOnce(&mut OcspDraft)) -> Result<Verified, OcspError> {
        let mut draft = self.draft(good());
        change(&mut draft);
        self.verify(&draft)
    }

    /// Verifies a good response of a responder whose certificate is `change`d before `issuer` signs it.
    fn delegated(&self, issuer: &Spec, change: impl FnOnce(&mut Spec)) -> Result<Verified, OcspError> {
        let mut responder = responder();
        change(&mut responder);
        let mut draft = self.draft(good());
        draft.responder_id = tlv(0xa2, &tlv(4, &sha1(&responder.key.public())));
        draft.certs = vec![responder.sign(issuer)];
        self.verify_signed_by(&draft, &responder.key)
    }
}

fn responder() -> Spec {
    let mut responder = Spec::leaf(Kind::P256);
    responder.set(extended_key_usage(false, &["1.3.6.1.5.5.7.3.9"]));
    responder
}

/// The reason in [`OcspError::Signer`].
fn signer(result: Result<Verified, OcspError>) -> &'static str {
    match result {
        Err(OcspError::Signer(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn accepts_the_issuers_response_with_every_key_type() {
    for kind in [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048] {
        let world = World::new(kind);
        let verified = world.verify(&world.draft(good())).unwrap();
        assert_eq!((verified.until, verified.revocation), (NOW + Duration::HOUR, None));
        assert!(verified.delegate.is_none());
    }
}

#[test]
fn the_request_identifies_the_certificate() {
    let world = World::new(Kind::P256);
    let request = request::request(&world.leaf, &world.issuer).unwrap();
    let request = OcspRequest::from_der(&request).unwrap();
    let [asked] = &request.tbs_request.request_list[..] else { panic!("{request:?}") };
    assert!(request::names(&asked.req_cert, &world.leaf, &world.issuer));
    let [of_issuer] =
        [cert_id(("1.3.14.3.2.26", &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY), &world.party(), &SERIAL)];
    assert_eq!(der::Encode::to_der(&asked.req_cert).unwrap(), of_issuer);
}

#[test]
fn returns_time_reason_and_invalidity_date_of_a_revocation() {
    let world = World::new(Kind::P256);
    let at = NOW - Duration::days(1);
    let mut draft = world.draft(revoked(at, Some(1)));
    draft.singles[0].extensions = vec![extension(INVALIDITY_DATE, false, &generalized(NOW - Duration::days(2)))];
    let revocation = world.verify(&draft).unwrap().revocation.unwrap();
    assert_eq!((revocation.time, revocation.reason), (at, Some(CrlReason::KeyCompromise)));
    assert_eq!(revocation.invalidity_date, Some(NOW - Duration::days(2)));
    let plain = world.verify(&world.draft(revoked(at, None))).unwrap().revocation.unwrap();
    assert_eq!((plain.reason, plain.invalidity_date), (None, None));
}

#[test]
fn reports_an_unknown_status() {
    let world = World::new(Kind::P256);
    assert_eq!(world.verify(&world.draft(unknown())).unwrap_err(), OcspError::Unknown);
}

#[test]
fn rejects_responses_for_other_certificates() {
    let world = World::new(Kind::P256);
    let other = Party { key: Key::new(Kind::P256).public(), ..world.party() };
    let renamed = Party { name: testing::der::name(0x0c, "other"), ..world.party() };
    let sha1 = ("1.3.14.3.2.26", &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY);
    for id in [
        cert_id(sha1, &world.party(), &[0x12, 0x35]),
        cert_id(sha1, &world.party(), &[0x12]),
        cert_id(sha1, &world.party(), &[0x12, 0x34, 0x00]),
        cert_id(sha1, &other, &SERIAL),
        cert_id(sha1, &renamed, &SERIAL),
        // A hash under another function's identifier, and an unknown hash function.
        cert_id(("2.16.840.1.101.3.4.2.1", sha1.1), &world.party(), &SERIAL),
        cert_id(("1.2.3.4", &SHA256), &world.party(), &SERIAL),
    ] {
        let found = world.changed(|draft| draft.singles[0].cert_id = id);
        assert_eq!(found.unwrap_err(), OcspError::OtherCertificate);
    }
    for hash in [("2.16.840.1.101.3.4.2.1", &SHA256), ("2.16.840.1.101.3.4.2.2", &SHA384)] {
        world.changed(|draft| draft.singles[0].cert_id = cert_id(hash, &world.party(), &SERIAL)).unwrap();
    }
}

#[test]
fn picks_the_matching_answer_and_prefers_revoked_to_good() {
    let world = World::new(Kind::P256);
    let other = OcspDraft::new(&world.party(), &[9], revoked(NOW, None), NOW).singles.remove(0);
    let verified = world.changed(|draft| draft.singles.insert(0, other.clone())).unwrap();
    assert_eq!(verified.revocation, None);
    let bad = world.draft(revoked(NOW, None)).singles.remove(0);
    for at in [0, 1] {
        let verified = world.changed(|draft| draft.singles.insert(at, bad.clone())).unwrap();
        assert!(verified.revocation.is_some());
    }
    let doubt = world.draft(unknown()).singles.remove(0);
    assert_eq!(world.changed(|draft| draft.singles.push(doubt)).unwrap_err(), OcspError::Unknown);
}

#[test]
fn accepts_responses_only_from_this_update_to_next_update() {
    let world = World::new(Kind::P256);
    let at = |this: OffsetDateTime, next: Option<OffsetDateTime>| {
        let result = world.changed(|draft| {
            draft.singles[0].this_update = this;
            draft.singles[0].next_update = next;
        });
        result.map(|_| ())
    };
    let second = Duration::SECOND;
    let past = NOW - Duration::HOUR;
    assert_eq!(at(past, Some(NOW)), Ok(()));
    assert_eq!(at(past, Some(NOW - second)), Err(CurrencyError::Expired(NOW - second).into()));
    assert_eq!(at(past, None), Err(CurrencyError::NoNextUpdate.into()));
    let soon = NOW + Duration::minutes(5);
    let later = NOW + Duration::days(1);
    assert_eq!(at(soon, Some(later)), Ok(()));
    assert_eq!(at(soon + second, Some(later)), Err(CurrencyError::NotYetValid(soon + second).into()));
}

#[test]
fn rejects_algorithms_that_are_not_supported() {
    let world = World::new(Kind::P256);
    let key = &world.authority.key;
    for (id, parameters) in [("1.2.840.10045.4.1", &[][..]), ("1.2.840.10045.4.3.2", &[5, 0])] {
        let der = world.draft(good()).sign(&sequence(&[&oid(id), parameters]), |tbs| key.sign_certificate(tbs));
        assert_eq!(signer(world.verify_der(&der)), "it is signed with an algorithm that is not supported");
    }
    let mut delegate = responder();
    delegate.algorithms = Some([sequence(&[&oid("1.2.840.10045.4.1")]), sequence(&[&oid("1.2.840.10045.4.1")])]);
    let mut draft = world.draft(good());
    draft.responder_id = tlv(0xa1, &delegate.subject);
    draft.certs = vec![delegate.sign(&world.authority)];
    assert_eq!(
        signer(world.verify_signed_by(&draft, &delegate.key)),
        "the responder's certificate is signed with an algorithm that is not supported"
    );
}

#[test]
fn rejects_responses_signed_by_strangers() {
    let world = World::new(Kind::P256);
    let stranger = Spec::authority("authority", Kind::P256);
    let mut draft = world.draft(good());
    assert_eq!(signer(world.verify_signed_by(&draft, &stranger.key)), "the issuer's key does not verify the signature");
    draft.certs = vec![stranger.sign(&stranger)];
    assert_eq!(signer(world.verify_signed_by(&draft, &stranger.key)), "the issuer's key does not verify the signature");
    draft.responder_id = tlv(0xa2, &tlv(4, &sha1(&stranger.key.public())));
    assert_eq!(
        signer(world.verify_signed_by(&draft, &stranger.key)),
        "another authority issued the responder's certificate"
    );
    draft.certs.clear();
    assert!(signer(world.verify_signed_by(&draft, &stranger.key)).contains("is not in the response"));
    // The name and certificate of a valid responder, but another key's signature.
    let delegate = responder();
    draft.responder_id = tlv(0xa1, &delegate.subject);
    draft.certs = vec![delegate.sign(&world.authority)];
    assert_eq!(
        signer(world.verify_signed_by(&draft, &stranger.key)),
        "the responder's key does not verify the signature"
    );
}

#[test]
fn accepts_only_responders_authorized_by_the_issuer() {
    let world = World::new(Kind::P256);
    let delegate = world.delegated(&world.authority, |_| ()).unwrap().delegate.unwrap();
    assert!(!delegate.has_ocsp_nocheck());
    let nocheck = Extension { oid: "1.3.6.1.5.5.7.48.1.5", critical: false, value: vec![5, 0] };
    let delegate = world.delegated(&world.authority, |spec| spec.set(nocheck)).unwrap().delegate.unwrap();
    assert!(delegate.has_ocsp_nocheck());

    let other = Spec::authority("other", Kind::P256);
    assert!(signer(world.delegated(&other, |_| ())).contains("another authority issued"));
    let namesake = Spec::authority("authority", Kind::P256);
    assert!(signer(world.delegated(&namesake, |_| ())).contains("another authority issued"));
    for purposes in [&[][..], &["2.5.29.37.0"], &["1.3.6.1.5.5.7.3.3"]] {
        let changed = world.delegated(&world.authority, |spec| match purposes {
            [] => spec.remove("2.5.29.37"),
            purposes => spec.set(extended_key_usage(false, purposes)),
        });
        assert!(signer(changed).contains("not for signing OCSP responses"), "{purposes:?}");
    }
    let changed = world.delegated(&world.authority, |spec| spec.set(key_usage(true, &[DIGITAL_SIGNATURE + 1])));
    assert!(signer(changed).contains("not for signing OCSP responses"));
    for change in [
        |spec: &mut Spec| spec.not_after = NOW - Duration::SECOND,
        |spec: &mut Spec| spec.not_before = NOW + Duration::SECOND,
    ] {
        assert!(signer(world.delegated(&world.authority, change)).contains("expired or is not valid yet"));
    }
}

#[test]
fn rejects_responses_signed_by_another_leaf_of_the_authority() {
    let world = World::new(Kind::P256);
    let leaf = Spec::leaf(Kind::P256);
    let mut draft = world.draft(good());
    draft.responder_id = tlv(0xa1, &leaf.subject);
    draft.certs = vec![leaf.sign(&world.authority)];
    assert!(signer(world.verify_signed_by(&draft, &leaf.key)).contains("not for signing OCSP responses"));
}

#[test]
fn rejects_any_flipped_bit() {
    let world = World::new(Kind::P256);
    let key = &world.authority.key;
    let der = world.draft(revoked(NOW, None)).sign(&key.certificate_algorithm(), |tbs| key.sign_certificate(tbs));
    assert!(world.verify_der(&der).unwrap().revocation.is_some());
    for at in 0..der.len() {
        for bit in 0..8 {
            let mut altered = der.clone();
            altered[at] ^= 1 << bit;
            if let Ok(verified) = world.verify_der(&altered) {
                // Not signed and not evaluated: the encoding of the hash parameters.
                assert!(verified.revocation.is_some(), "{at}");
            }
        }
    }
    for length in 0..der.len() {
        assert!(world.verify_der(&der[..length]).is_err());
    }
    assert!(matches!(world.verify_der(&[&der[..], &[0]].concat()), Err(OcspError::Malformed(_))));
}

#[test]
fn distinguishes_error_statuses_from_malformed_responses() {
    let world = World::new(Kind::P256);
    for (status, why) in
        [(1, "malformedRequest"), (2, "internalError"), (3, "tryLater"), (5, "sigRequired"), (6, "unauthorized")]
    {
        match world.verify_der(&[0x30, 3, 10, 1, status]) {
            Err(OcspError::Refused(told)) => assert!(told.starts_with(why), "{told}"),
            other => panic!("{other:?}"),
        }
    }
    for der in [&b""[..], b"<html>", &[0x30, 3, 10, 1, 0], &[0x30, 3, 10, 1, 4], &[0x30, 0x80, 0, 0], &[0x30, 0]] {
        assert!(matches!(world.verify_der(der), Err(OcspError::Malformed(_))), "{der:?}");
    }
    let other = sequence(&[&oid("1.2.3"), &tlv(4, b"x")]);
    assert!(matches!(world.verify_der(&sequence(&[&[10, 1, 0], &tlv(0xa0, &other)])), Err(OcspError::Type(_))));
}

#[test]
fn rejects_unknown_critical_extensions() {
    let world = World::new(Kind::P256);
    for critical in [true, false] {
        let unknown = extension("1.2.3.4", critical, &[5, 0]);
        for result in [
            world.changed(|draft| draft.extensions.push(unknown.clone())),
            world.changed(|draft| draft.singles[0].extensions.push(unknown.clone())),
        ] {
            assert_eq!(matches!(result, Err(OcspError::CriticalExtension(_))), critical);
            assert_eq!(result.is_ok(), !critical);
        }
    }
}
