//! Valid envelopes.

use serde_json::json;
use testing::certificate::NOW;
use testing::envelope::{Draft, PAYLOAD, Scheme};
use testing::key::Kind;
use time::Duration;
use time::macros::datetime;

use super::{ParseDraft as _, draft_scheme};
use crate::envelope::{SigningScheme, VerifyError};
use crate::x509::ChainError;

#[test]
fn verifies_every_algorithm_with_both_schemes() {
    for kind in [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048, Kind::Rsa3072, Kind::Rsa4096] {
        for scheme in [SigningScheme::X509, SigningScheme::SigningAuthority] {
            let draft = Draft::with_kind(kind, draft_scheme(scheme));
            let verified = draft.verify().unwrap();
            assert_eq!(verified.payload(), PAYLOAD);
            assert_eq!(verified.attributes().signing_scheme, scheme);
            assert_eq!(verified.attributes().algorithm, draft.key.jws_name());
            assert_eq!(verified.attributes().signing_time, NOW);
            assert_eq!(verified.attributes().expiry, Some(datetime!(2027-07-01 12:00 UTC)));
            assert_eq!(verified.signing_agent(), Some("test/1"));
            assert_eq!(verified.chain().certificates().len(), 2);
        }
    }
}

#[test]
fn checks_the_chain_at_the_authentic_signing_time_or_now() {
    let later = NOW + Duration::days(30);
    let authority = Draft::new().parse().unwrap();
    authority.verify(later).unwrap();
    let own = Draft::with_kind(Kind::P384, Scheme::X509).parse().unwrap();
    let refused = own.verify(later);
    assert!(matches!(refused, Err(VerifyError::Chain(ChainError::NotValidAt { .. }))), "{refused:?}");
    let outside = Draft::new().protect("io.cncf.notary.authenticSigningTime", json!("2026-08-01T12:00:00Z"));
    let refused = outside.verify();
    assert!(matches!(refused, Err(VerifyError::Chain(ChainError::NotValidAt { .. }))), "{refused:?}");
}

#[test]
fn integrity_does_not_depend_on_the_time() {
    let later = NOW + Duration::days(30);
    for (scheme, valid_later) in [(SigningScheme::X509, false), (SigningScheme::SigningAuthority, true)] {
        let verified = Draft::with_kind(Kind::P384, draft_scheme(scheme)).parse().unwrap().verify_integrity().unwrap();
        assert_eq!(verified.check_validity(NOW), Ok(()));
        assert_eq!(verified.check_validity(later).is_ok(), valid_later, "{scheme:?}");
    }
}

#[test]
fn ignores_timestamps_and_unknown_unsigned_attributes() {
    let draft = Draft::new().unprotected("io.cncf.notary.timestampSignature", json!("AAAA"));
    draft.unprotected("org.example.note", json!({"a": [1]})).verify().unwrap();
}

#[test]
fn returns_the_timestamp_and_the_signature_that_it_covers() {
    let draft = Draft::new().unprotected("io.cncf.notary.timestampSignature", json!("AQID"));
    let parsed = draft.parse().unwrap();
    assert_eq!(parsed.timestamp_signature(), Some(&[1, 2, 3][..]));
    let signature = parsed.signature.clone();
    let verified = parsed.verify(NOW).unwrap();
    assert_eq!(verified.timestamp_signature(), Some(&[1, 2, 3][..]));
    assert_eq!(verified.signature(), signature);
    assert_eq!(Draft::new().verify().unwrap().timestamp_signature(), None);
}

#[test]
fn accepts_absent_expiry_and_times_with_offset_or_fraction() {
    let crit = json!(["io.cncf.notary.signingScheme", "io.cncf.notary.authenticSigningTime"]);
    let without = Draft::new().protect("io.cncf.notary.expiry", json!(null)).protect("crit", crit);
    assert_eq!(without.verify().unwrap().attributes().expiry, None);
    let offset = Draft::new().protect("io.cncf.notary.authenticSigningTime", json!("2026-07-01T13:00:00.25+01:00"));
    assert_eq!(offset.verify().unwrap().attributes().signing_time, NOW + Duration::milliseconds(250));
}

#[test]
fn returns_extended_attributes_to_the_caller() {
    let draft = Draft::new().protect("org.example.must", json!([1])).critical("org.example.must");
    let verified = draft.protect("org.example.may", json!("x")).verify().unwrap();
    let critical: Vec<_> = verified.attributes().extended_critical.iter().collect();
    assert_eq!(critical, [(&"org.example.must".to_owned(), &json!([1]))]);
    let others: Vec<_> = verified.attributes().extended.keys().collect();
    assert_eq!(others, ["org.example.may"]);
    assert!(verified.attributes().critical_string("org.example.must").is_err());
    assert!(verified.attributes().critical_string("org.example.may").is_err());
}
