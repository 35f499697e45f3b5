//! Valid, invalid and forged CRLs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration as StdDuration;

use limits::Deadline;
use notary::x509::Certificate;
use testing::certificate::{Extension, KEY_CERT_SIGN, NOW, Spec, key_usage};
use testing::der::{named_bits, oid, sequence, tlv};
use testing::key::{Key, Kind};
use testing::status::{
    CRL_NUMBER, CrlDraft, DELTA_CRL_INDICATOR, FRESHEST_CRL, INVALIDITY_DATE, ISSUING_DISTRIBUTION_POINT, Party,
    distribution_points, entry, extension, full_name, generalized, number, reason,
};
use time::{Duration, OffsetDateTime};
use x509_cert::ext::pkix::CrlReason;

use super::entry::{Outcome, outcome};
use super::scope::ALL_REASONS;
use super::{CertificateEntries, Listing};
use crate::revocation::error::{CrlError, CurrencyError};
use crate::revocation::http::Http;
use crate::revocation::status::{Question, Revocation};

const SERIAL: [u8; 2] = [0x12, 0x34];
const URL: &str = "http://crl.example/a";
/// The bit of keyUsage for signing CRLs.
const CRL_SIGN: u8 = 6;

/// An authority that may sign CRLs, and a certificate that it issued.
struct World {
    authority: Spec,
    issuer: Certificate,
    certificate: Certificate,
    http: Http,
}

impl World {
    fn new() -> World {
        World::from_spec(Spec::leaf(Kind::P256))
    }

    fn from_spec(mut certificate: Spec) -> World {
        let mut authority = Spec::authority("authority", Kind::P256);
        authority.set(key_usage(true, &[KEY_CERT_SIGN, CRL_SIGN]));
        certificate.set(Extension { oid: "2.5.29.31", critical: false, value: distribution_points(&[URL]) });
        World::with(authority, &certificate)
    }

    fn with(authority: Spec, certificate: &Spec) -> World {
        let issued = |spec: &Spec| Certificate::from_der(spec.sign(&authority)).unwrap();
        let issuer = issued(&authority);
        let certificate = issued(certificate);
        World { issuer, certificate, authority, http: Http::new(StdDuration::from_secs(1)) }
    }

    fn draft(&self) -> CrlDraft {
        CrlDraft::new(&Party { name: self.authority.subject.clone(), key: self.authority.key.public() }, NOW)
    }

    fn read<T>(&self, read: impl FnOnce(&Listing<'_>) -> T) -> T {
        let deadline = Deadline::new(Deadline::DEFAULT_BUDGET);
        let certificate = self.certificate.clone();
        let issuer = self.issuer.clone();
        let question = Question { certificate, issuer, signing_time: None, timestamp: None, now: NOW, deadline };
        let points = self.certificate.crl_distribution_points().unwrap();
        read(&Listing { http: &self.http, question: &question, point: &points[0], url: URL })
    }

    fn base_der(&self, der: &[u8]) -> Result<CertificateEntries, CrlError> {
        self.read(|listing| listing.base(der).map(|base| base.listed))
    }

    fn base(&self, draft: &CrlDraft) -> Result<CertificateEntries, CrlError> {
        self.base_der(&self.sign(draft))
    }

    fn sign(&self, draft: &CrlDraft) -> Vec<u8> {
        sign(draft, &self.authority.key)
    }

    /// Reads an empty CRL after `change`.
    fn changed(&self, change: impl FnOnce(&mut CrlDraft)) -> Result<CertificateEntries, CrlError> {
        let mut draft = self.draft();
        change(&mut draft);
        self.base(&draft)
    }

    /// Reads a CRL and its delta CRL, number 7, after `change` to both.
    fn with_delta(&self, change: impl FnOnce(&mut CrlDraft, &mut CrlDraft)) -> Result<CertificateEntries, CrlError> {
        let mut base = self.draft();
        let mut delta = self.draft();
        base.extensions.push(extension(FRESHEST_CRL, false, &distribution_points(&["http://crl.example/delta"])));
        delta.extensions = vec![number(CRL_NUMBER, false, 7), number(DELTA_CRL_INDICATOR, true, 5)];
        change(&mut base, &mut delta);
        self.read(|listing| {
            let base = listing.base(&self.sign(&base))?;
            assert_eq!(base.freshest, Some(vec!["http://crl.example/delta".to_owned()]));
            listing.delta(&self.sign(&delta), &base)
        })
    }
}

fn sign(draft: &CrlDraft, key: &Key) -> Vec<u8> {
    draft.sign(&key.certificate_algorithm(), |tbs| key.sign_certificate(tbs))
}

fn error(result: Result<CertificateEntries, CrlError>) -> CrlError {
    result.map(|found| found.entries).unwrap_err()
}

fn revocation(reason: Option<CrlReason>, time: OffsetDateTime) -> Revocation {
    Revocation { time, reason, invalidity_date: None }
}

#[test]
fn finds_no_entry_on_crls_without_the_certificate() {
    let world = World::new();
    let found = world.base(&world.draft()).unwrap();
    assert_eq!((found.until, found.entries.len(), found.reasons), (NOW + Duration::HOUR, 0, ALL_REASONS));
    for serial in [&[0x12, 0x35][..], &[0x12], &[0x12, 0x34, 0], &[0x34, 0x12], &[1, 0x12, 0x34]] {
        let found = world.changed(|draft| draft.entries.push(entry(serial, NOW, &[reason(1)]))).unwrap();
        assert_eq!(found.entries, [], "{serial:?}");
    }
}

#[test]
fn finds_the_entry_at_any_position_and_with_a_padded_serial() {
    let world = World::new();
    let mine = entry(&SERIAL, NOW, &[reason(1)]);
    let other = entry(&[7], NOW, &[]);
    let padded = entry(&[0, 0x12, 0x34], NOW, &[reason(1)]);
    for entries in [
        vec![mine.clone()],
        vec![mine.clone(), other.clone()],
        vec![other.clone(), mine.clone()],
        [vec![other; 5000], vec![mine]].concat(),
        vec![padded],
    ] {
        let found = world.changed(|draft| draft.entries = entries).unwrap();
        assert_eq!(found.entries, [revocation(Some(CrlReason::KeyCompromise), NOW)]);
    }
    let date = extension(INVALIDITY_DATE, false, &generalized(NOW - Duration::DAY));
    let found = world.changed(|draft| draft.entries.push(entry(&SERIAL, NOW, &[date]))).unwrap();
    assert_eq!(found.entries[0].invalidity_date, Some(NOW - Duration::DAY));
}

#[test]
fn rejects_algorithms_that_are_not_supported() {
    let world = World::new();
    for (id, parameters) in [("1.2.840.10045.4.1", &[][..]), ("1.2.840.10045.4.3.2", &[5, 0])] {
        let algorithm = sequence(&[&oid(id), parameters]);
        let der = world.draft().sign(&algorithm, |tbs| world.authority.key.sign_certificate(tbs));
        assert_eq!(error(world.base_der(&der)), CrlError::Algorithm(id.parse().unwrap()));
    }
}

#[test]
fn rejects_crls_of_other_authorities() {
    let world = World::new();
    let other = Key::new(Kind::P256);
    assert_eq!(error(world.base_der(&sign(&world.draft(), &other))), CrlError::Signature);
    let mut renamed = world.draft();
    renamed.issuer = testing::der::name(0x0c, "other");
    assert_eq!(error(world.base(&renamed)), CrlError::OtherIssuer);
    // The certificate's own key is not its issuer's.
    let leaf = Spec::leaf(Kind::P256);
    let mut own = world.draft();
    own.issuer = leaf.subject.clone();
    assert_eq!(error(world.base_der(&sign(&own, &leaf.key))), CrlError::OtherIssuer);
}

#[test]
fn rejects_crls_of_an_issuer_without_crl_sign() {
    let mut leaf = Spec::leaf(Kind::P256);
    leaf.set(Extension { oid: "2.5.29.31", critical: false, value: distribution_points(&[URL]) });
    let world = World::with(Spec::authority("authority", Kind::P256), &leaf);
    assert_eq!(error(world.base(&world.draft())), CrlError::NoCrlSign);
}

#[test]
fn accepts_crls_only_from_this_update_to_next_update() {
    let world = World::new();
    let at = |this, next| {
        let result = world.changed(|draft| (draft.this_update, draft.next_update) = (this, next));
        result.map(|found| found.until)
    };
    let second = Duration::SECOND;
    let past = NOW - Duration::HOUR;
    assert_eq!(at(past, Some(NOW)), Ok(NOW));
    assert_eq!(at(past, Some(NOW - second)), Err(CurrencyError::Expired(NOW - second).into()));
    assert_eq!(at(past, None), Err(CurrencyError::NoNextUpdate.into()));
    let soon = NOW + Duration::minutes(5);
    let later = NOW + Duration::days(1);
    assert_eq!(at(soon, Some(later)), Ok(later));
    assert_eq!(at(soon + second, Some(later)), Err(CurrencyError::NotYetValid(soon + second).into()));
}

#[test]
fn rejects_unknown_critical_extensions() {
    let world = World::new();
    for critical in [true, false] {
        let unknown = extension("1.2.3.4", critical, &[5, 0]);
        // An unknown critical extension in another certificate's entry also rejects the CRL: it may change the meaning
        // of later entries.
        for result in [
            world.changed(|draft| draft.extensions.push(unknown.clone())),
            world.changed(|draft| draft.entries.push(entry(&SERIAL, NOW, std::slice::from_ref(&unknown)))),
            world.changed(|draft| draft.entries.push(entry(&[7], NOW, std::slice::from_ref(&unknown)))),
        ] {
            match result {
                Err(why) => assert!(critical && matches!(why, CrlError::CriticalExtension(_)), "{why}"),
                Ok(_) => assert!(!critical),
            }
        }
    }
}

#[test]
fn rejects_any_flipped_bit() {
    let world = World::new();
    let mut draft = world.draft();
    draft.entries.push(entry(&SERIAL, NOW, &[reason(1)]));
    let der = world.sign(&draft);
    for at in 0..der.len() {
        for bit in 0..8 {
            let mut altered = der.clone();
            altered[at] ^= 1 << bit;
            assert!(world.base_der(&altered).is_err(), "{at} {bit}");
        }
    }
    for length in 0..der.len() {
        assert!(world.base_der(&der[..length]).is_err());
    }
    assert!(world.base_der(&[&der[..], &[0]].concat()).is_err());
    for other in [&b""[..], b"<html>", b"-----BEGIN X509 CRL-----", &[0x30, 0x80, 0, 0]] {
        assert!(matches!(world.base_der(other), Err(CrlError::Malformed(_))));
    }
}

#[test]
fn rejects_malformed_crls() {
    let world = World::new();
    let changes: [fn(&mut CrlDraft); 6] = [
        |draft| draft.version = None,
        |draft| draft.version = Some(0),
        |draft| draft.version = Some(2),
        |draft| draft.extensions.push(number(CRL_NUMBER, false, 6)),
        |draft| draft.entries.push(entry(&SERIAL, NOW, &[reason(7)])),
        |draft| draft.entries.push(entry(&SERIAL, NOW, &[reason(1), reason(8)])),
    ];
    for change in changes {
        assert!(matches!(world.changed(change), Err(CrlError::Malformed(_))));
    }
    let many = (0..40).map(|i| extension(&format!("1.2.3.{i}"), false, &[5, 0])).collect();
    assert!(matches!(world.changed(|draft| draft.extensions = many), Err(CrlError::Malformed(_))));
    let many = vec![entry(&SERIAL, NOW, &[reason(8)]); 17];
    assert!(matches!(world.changed(|draft| draft.entries = many), Err(CrlError::Malformed(_))));
}

#[test]
fn rejects_crls_with_another_scope() {
    let leaf = World::new();
    let authority = World::from_spec(Spec::authority("intermediate", Kind::P256));
    let flag = |number: u8| tlv(0x80 | number, &[0xff]);
    let full_names = |url: &str| tlv(0xa0, &full_name(url));
    let some_reasons = [&[0x83][..], &named_bits(&[1, 2])[1..]].concat();
    for (issuing, of_leaf, of_authority) in [
        (Vec::new(), true, true),
        (flag(1), true, false),
        (flag(2), false, true),
        (flag(4), false, false),
        (flag(5), false, false),
        (full_names(URL), true, true),
        (full_names("http://crl.example/b"), false, false),
        (tlv(0xa0, &tlv(0xa1, &[])), false, false),
        (some_reasons.clone(), true, true),
        (vec![5, 0], false, false),
    ] {
        let issuing = extension(ISSUING_DISTRIBUTION_POINT, true, &sequence(&[&issuing]));
        for (world, counts) in [(&leaf, of_leaf), (&authority, of_authority)] {
            let found = world.changed(|draft| draft.extensions.push(issuing.clone()));
            assert_eq!(found.is_ok(), counts, "{issuing:02x?} {:?}", found.err());
        }
    }
    let issuing = extension(ISSUING_DISTRIBUTION_POINT, true, &sequence(&[&some_reasons]));
    let found = leaf.changed(|draft| draft.extensions.push(issuing)).unwrap();
    assert_eq!(found.reasons, 0b110);
}

#[test]
fn a_delta_crl_adds_to_its_base_crl() {
    let world = World::new();
    let found = world.with_delta(|_, delta| delta.entries.push(entry(&SERIAL, NOW, &[reason(1)]))).unwrap();
    assert_eq!(found.entries.len(), 1);
    let sooner = NOW + Duration::minutes(1);
    let found = world.with_delta(|base, delta| {
        base.entries.push(entry(&SERIAL, NOW, &[reason(6)]));
        delta.entries.push(entry(&SERIAL, NOW, &[reason(8)]));
        delta.next_update = Some(sooner);
    });
    let found = found.unwrap();
    assert_eq!((found.until, outcome(&found.entries, None)), (sooner, Outcome::Good));
}

#[test]
fn rejects_delta_crls_that_do_not_fit_the_base_crl() {
    let world = World::new();
    let indicator = |since| number(DELTA_CRL_INDICATOR, true, since);
    let scope = extension(ISSUING_DISTRIBUTION_POINT, true, &sequence(&[&tlv(0x81, &[0xff])]));
    let refused = |change: &dyn Fn(&mut CrlDraft, &mut CrlDraft)| match world.with_delta(change) {
        Err(CrlError::Delta(why)) => why,
        other => panic!("{:?}", other.err()),
    };
    assert_eq!(refused(&|_, delta| delta.extensions = vec![number(CRL_NUMBER, false, 7)]), "it is not a delta CRL");
    assert!(refused(&|_, delta| delta.extensions = vec![indicator(5)]).contains("no CRL number"));
    assert!(
        refused(&|base, _| base.extensions.retain(|e| *e != number(CRL_NUMBER, false, 5))).contains("no CRL number")
    );
    assert!(refused(&|_, delta| delta.extensions[1] = indicator(6)).contains("a later base CRL"));
    for old in [4, 5] {
        assert!(refused(&|_, delta| delta.extensions[0] = number(CRL_NUMBER, false, old)).contains("not later"));
    }
    assert!(refused(&|_, delta| delta.extensions.push(scope.clone())).contains("scope differs"));
    assert!(refused(&|base, _| base.extensions.push(scope.clone())).contains("scope differs"));
    assert!(matches!(
        world.with_delta(|_, delta| delta.next_update = Some(NOW - Duration::SECOND)),
        Err(CrlError::Currency(_))
    ));
    assert_eq!(
        error(world.changed(|draft| draft.extensions.push(indicator(1)))),
        CrlError::Delta("a complete CRL is required here")
    );
}

#[test]
fn only_a_removal_ends_a_hold() {
    use CrlReason::{CertificateHold as Hold, KeyCompromise, RemoveFromCRL as Remove};
    let first = NOW - Duration::HOUR;
    let second = NOW;
    let entries = |all: &[(CrlReason, OffsetDateTime)]| {
        all.iter().map(|(reason, time)| revocation(Some(*reason), *time)).collect::<Vec<_>>()
    };
    for (all, is_revoked) in [
        (vec![], false),
        (vec![(Hold, first)], true),
        (vec![(Hold, first), (Remove, second)], false),
        (vec![(Hold, first), (Remove, first)], false),
        (vec![(Remove, first), (Hold, second)], true),
        (vec![(Hold, second), (Remove, first)], true),
        (vec![(Remove, first)], false),
        (vec![(KeyCompromise, first), (Remove, second)], true),
        (vec![(Hold, first), (KeyCompromise, first), (Remove, second)], true),
    ] {
        assert_eq!(matches!(outcome(&entries(&all), None), Outcome::Revoked(_)), is_revoked, "{all:?}");
    }
    assert!(matches!(outcome(&[revocation(None, first)], Some(NOW)), Outcome::Revoked(_)));
}

#[test]
fn with_an_authentic_signing_time_the_invalidity_date_decides() {
    let of = |date| Revocation { time: NOW, reason: None, invalidity_date: Some(date) };
    let before = of(NOW - Duration::SECOND);
    let after = of(NOW + Duration::SECOND);
    assert_eq!(outcome(&[before], Some(NOW)), Outcome::Revoked(before));
    assert_eq!(outcome(&[of(NOW)], Some(NOW)), Outcome::Revoked(of(NOW)));
    assert_eq!(outcome(&[after], Some(NOW)), Outcome::GoodWhenSigned(after));
    assert_eq!(outcome(&[after], None), Outcome::Revoked(after));
    assert_eq!(outcome(&[after, before], Some(NOW)), Outcome::Revoked(before));
}
