//! Timestamps of signatures in the scheme `notary.x509`: when they are required, and what they prove.

use notary::envelope::EnvelopeFormat;
use notary::envelope::SigningScheme::{self, SigningAuthority, X509};
use notary::timestamp::TimestampError;
use notary::{Advice, Disposition, ReasonCode};
use notation::verify::{CheckOutcome, Finding, Reason, ValidationType, Verdict};
use serde_json::{Value, json};
use testbed::authority::Authority;
use testbed::fault::Reply;
use testbed::own_key::{OwnKey, SUBJECT, signature_of, stamped};
use testbed::test_env::TestEnv;
use testbed::tsa::TsaServer;
use testing::der::sequence;
use testing::status::{entry, good, reason};
use testing::timestamp::{TokenDraft, accuracy};
use time::{Duration, OffsetDateTime};

use crate::failed;

/// The serial number of the authority's certificates.
const SERIAL: [u8; 2] = [0x12, 0x34];

/// Verifies envelopes by `key` with timestamps of `tsa`, whose roots are in the trust stores `ca:own`,
/// `signingAuthority:own` and `tsa:own`.
struct Scene {
    env: TestEnv,
    key: OwnKey,
    tsa: TsaServer,
    format: EnvelopeFormat,
    stores: Vec<&'static str>,
}

impl Scene {
    async fn new(key: OwnKey, tsa: TsaServer) -> Self {
        let env = TestEnv::new().await;
        for store in ["ca/own", "signingAuthority/own"] {
            env.put_trust_store(store, &key.root());
        }
        env.put_trust_store("tsa/own", &tsa.root());
        let format = EnvelopeFormat::Jws;
        Self { env, key, tsa, format, stores: vec!["ca:own", "signingAuthority:own", "tsa:own"] }
    }

    fn in_format(self, format: EnvelopeFormat) -> Self {
        Self { format, ..self }
    }

    fn sign(&self, scheme: SigningScheme) -> Vec<u8> {
        self.key.sign_in(self.format, &self.env.image, scheme)
    }

    /// An envelope with a timestamp of this age, after a change to the timestamp.
    fn stamp(&self, age: Duration, change: impl FnOnce(&mut TokenDraft)) -> Vec<u8> {
        let envelope = self.sign(X509);
        let time = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap() - age;
        stamped(&envelope, &self.tsa.token(&signature_of(&envelope), time, change))
    }

    async fn verify(&self, verification: Value, envelope: &[u8]) -> Verdict {
        self.env.attach(envelope);
        self.verify_attached(&verification).await
    }

    async fn verify_attached(&self, verification: &Value) -> Verdict {
        let policy = self.env.policy_for(verification, &self.stores, &[SUBJECT]);
        self.env.verify_under(&policy, &self.env.config).await
    }
}

fn strict() -> Value {
    json!({ "level": "strict" })
}

const MONTH: Duration = Duration::days(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_from_before_the_expiry_keeps_the_signature_valid() {
    let policies = [json!(null), json!("always"), json!("afterCertExpiry")];
    for (when, format) in policies.iter().flat_map(|when| EnvelopeFormat::ALL.map(|format| (when, format))) {
        let scene = Scene::new(OwnKey::expired(), TsaServer::start()).await.in_format(format);
        let envelope = scene.stamp(MONTH, |draft| draft.info.accuracy = accuracy(Some(1), &[100], &[]));
        let verification = json!({ "level": "strict", "verifyTimestamp": when });
        let verdict = scene.verify(verification, &envelope).await;
        assert!(verdict.is_verified(), "{verdict:?}");
        let signature = &verdict.signatures[0];
        let timestamp = signature.signed.as_ref().unwrap().timestamp.as_ref().unwrap();
        assert_eq!((timestamp.accuracy, timestamp.authority()), (1.1, "CN=tsa"));
        let Some(CheckOutcome::Passed(finding)) = signature.outcome(ValidationType::AuthenticTimestamp) else {
            panic!("{verdict:?}");
        };
        assert!(matches!(finding, Finding::ValidAtTimestamp { .. }), "{finding:?}");
        let said = finding.to_string();
        assert!(said.contains("(accuracy 1.1 s), when CN=tsa stamped the signature"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_is_required_when_the_policy_says_so() {
    for (when, is_expired, is_required) in [
        (json!(null), false, true),
        (json!("always"), false, true),
        (json!("afterCertExpiry"), false, false),
        (json!("afterCertExpiry"), true, true),
    ] {
        let [jws, cose] = EnvelopeFormat::ALL;
        for (scheme, format) in [(X509, jws), (X509, cose), (SigningAuthority, jws), (SigningAuthority, cose)] {
            let key = if is_expired { OwnKey::expired() } else { OwnKey::new(|_| ()) };
            let scene = Scene::new(key, TsaServer::start()).await.in_format(format);
            let envelope = scene.sign(scheme);
            let verification = json!({ "level": "strict", "verifyTimestamp": when });
            let verdict = scene.verify(verification, &envelope).await;
            if is_required && scheme == X509 {
                let reason = failed(&verdict, ValidationType::AuthenticTimestamp);
                assert!(matches!(reason, Reason::NoTimestamp { .. }), "{reason:?}");
                assert_eq!(reason.code(), ReasonCode::Timestamp);
                // A timestamp from after the expiry would prove nothing.
                let advice = if is_expired { Advice::SignAgainWithTimestamp } else { Advice::AddTimestamp };
                assert_eq!(reason.advice(), Some(advice));
            } else {
                assert!(verdict.is_verified(), "{when} {scheme:?}: {verdict:?}");
            }
        }
    }
}

/// "To enable timestamp verification, type `tsa` MUST be configured": without it, certificates must be valid now.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_trust_store_of_authorities_a_timestamp_proves_nothing() {
    let mut scene = Scene::new(OwnKey::expired(), TsaServer::start()).await;
    scene.stores = vec!["ca:own"];
    let verdict = scene.verify(strict(), &scene.stamp(MONTH, |_| ())).await;
    let reason = failed(&verdict, ValidationType::AuthenticTimestamp);
    assert!(matches!(reason, Reason::CertificateValidity(_)), "{reason:?}");
    assert_eq!(verdict.signatures[0].signed.as_ref().unwrap().timestamp, None);
    // A valid certificate needs no timestamp then, and one that does not verify does not matter.
    let mut scene = Scene::new(OwnKey::new(|_| ()), TsaServer::start()).await;
    scene.stores = vec!["ca:own"];
    let verdict = scene.verify(strict(), &scene.stamp(MONTH, |draft| draft.broken = true)).await;
    assert!(verdict.is_verified(), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_that_does_not_verify_is_refused() {
    type Change = fn(&mut TokenDraft);
    type Expected = fn(&TimestampError) -> bool;
    let cases: [(Change, Expected); 3] = [
        (|draft| draft.broken = true, |why| *why == TimestampError::Signature),
        (
            |draft| draft.info.imprint = testing::timestamp::imprint(testing::timestamp::SHA2_256, b"x"),
            |why| *why == TimestampError::OtherMessage,
        ),
        (|draft| draft.certificates.clear(), |why| *why == TimestampError::NoSigningCertificate),
    ];
    for ((change, is_expected), format) in
        cases.iter().flat_map(|case| EnvelopeFormat::ALL.map(|format| (case, format)))
    {
        // Both certificates are valid now: no other check fails.
        let scene = Scene::new(OwnKey::new(|_| ()), TsaServer::start()).await.in_format(format);
        let verdict = scene.verify(strict(), &scene.stamp(MONTH, *change)).await;
        let reason = failed(&verdict, ValidationType::AuthenticTimestamp);
        assert!(matches!(&reason, Reason::Timestamp(why) if is_expected(why)), "{reason:?}");
        assert_eq!(reason.code(), ReasonCode::Timestamp);
    }
    let malformed = [b"no token".to_vec(), sequence(&[])];
    for (token, format) in malformed.iter().flat_map(|token| EnvelopeFormat::ALL.map(|format| (token, format))) {
        let scene = Scene::new(OwnKey::new(|_| ()), TsaServer::start()).await.in_format(format);
        let envelope = stamped(&scene.sign(X509), token);
        let reason = failed(&scene.verify(strict(), &envelope).await, ValidationType::AuthenticTimestamp);
        assert!(matches!(&reason, Reason::Timestamp(TimestampError::Malformed { .. })), "{reason:?}");
    }
    // "if not present or empty, fail this step"
    for format in EnvelopeFormat::ALL {
        let scene = Scene::new(OwnKey::new(|_| ()), TsaServer::start()).await.in_format(format);
        let envelope = stamped(&scene.sign(X509), b"");
        let reason = failed(&scene.verify(strict(), &envelope).await, ValidationType::AuthenticTimestamp);
        assert!(matches!(reason, Reason::NoTimestamp { .. }), "{reason:?}");
    }
}

/// The timestamp covers the bytes of a signature, so that it is not one for the other format of the same content.
#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_of_the_same_content_in_the_other_format_is_refused() {
    let [jws, cose] = EnvelopeFormat::ALL;
    for (from, to) in [(jws, cose), (cose, jws)] {
        let scene = Scene::new(OwnKey::new(|_| ()), TsaServer::start()).await.in_format(to);
        let other = scene.key.sign_in(from, &scene.env.image, X509);
        let token = scene.tsa.token(&signature_of(&other), OffsetDateTime::now_utc(), |_| ());
        let verdict = scene.verify(strict(), &stamped(&scene.sign(X509), &token)).await;
        let reason = failed(&verdict, ValidationType::AuthenticTimestamp);
        assert!(matches!(reason, Reason::Timestamp(TimestampError::OtherMessage)), "{reason:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_must_be_in_a_trust_store() {
    let mut scene = Scene::new(OwnKey::new(|_| ()), TsaServer::start()).await;
    let stranger = TsaServer::start();
    scene.env.put_trust_store("tsa/other", &stranger.root());
    // The root of the signer is no authority for timestamps.
    scene.env.put_trust_store("tsa/signer", &scene.key.root());
    let envelope = scene.stamp(MONTH, |_| ());
    scene.env.attach(&envelope);
    for (stores, code, disposition) in [
        (vec!["ca:own", "tsa:other"], ReasonCode::Untrusted, Disposition::Refused),
        (vec!["ca:own", "tsa:signer"], ReasonCode::Untrusted, Disposition::Refused),
        // The missing store could hold the root.
        (vec!["ca:own", "tsa:missing"], ReasonCode::Configuration, Disposition::Misconfigured),
        (vec!["ca:own", "tsa:own", "tsa:missing"], ReasonCode::Configuration, Disposition::Misconfigured),
    ] {
        scene.stores = stores;
        let reason = failed(&scene.verify_attached(&strict()).await, ValidationType::AuthenticTimestamp);
        assert_eq!((reason.code(), reason.disposition()), (code, disposition), "{:?}: {reason:?}", scene.stores);
    }
    scene.stores = vec!["ca:own", "tsa:other", "tsa:own"];
    let verdict = scene.verify_attached(&strict()).await;
    assert!(verdict.is_verified(), "{verdict:?}");
}

/// Only root certificates of authorities may be in the store, not an intermediate, a signing certificate, or a
/// self-signed certificate that is no authority.
#[tokio::test(flavor = "multi_thread")]
async fn a_trust_store_of_authorities_holds_roots_only() {
    let scene = Scene::new(OwnKey::new(|_| ()), TsaServer::start()).await;
    let self_signed = TsaServer::with(|specs, _| specs.truncate(1));
    let envelope = scene.stamp(MONTH, |_| ());
    scene.env.attach(&envelope);
    let chain = &scene.tsa.tsa.chain;
    for wrong in [&chain[0], &chain[1], &self_signed.tsa.chain[0]] {
        scene.env.put_trust_store("tsa/own", &notary::x509::Certificate::from_der(wrong.clone()).unwrap());
        let reason = failed(&scene.verify_attached(&strict()).await, ValidationType::AuthenticTimestamp);
        assert!(matches!(reason, Reason::UnreadableTrustStore { .. }), "{reason:?}");
        assert!(reason.to_string().contains("is not a root CA certificate"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_range_of_the_time_must_be_within_the_validity_of_the_signers_chain() {
    // The signing certificate expired ten days ago, and is valid from a thousand days ago.
    let end = Duration::days(10);
    for (age, accuracy_seconds, is_valid) in [
        (end + Duration::hours(1), 0, true),
        (end - Duration::hours(1), 0, false),
        (end + Duration::seconds(60), 10, true),
        (end + Duration::seconds(60), 120, false),
        (Duration::days(999), 0, true),
        (Duration::days(1000) - Duration::seconds(60), 120, false),
    ] {
        let scene = Scene::new(
            OwnKey::expired(),
            TsaServer::with(|specs, _| {
                for spec in specs {
                    spec.not_before -= Duration::days(100);
                }
            }),
        )
        .await;
        let envelope = scene.stamp(age, |draft| draft.info.accuracy = accuracy(Some(accuracy_seconds), &[], &[]));
        let verdict = scene.verify(strict(), &envelope).await;
        if is_valid {
            assert!(verdict.is_verified(), "{age} {accuracy_seconds}: {verdict:?}");
        } else {
            let reason = failed(&verdict, ValidationType::AuthenticTimestamp);
            assert!(matches!(reason, Reason::NotValidAtTimestamp { .. }), "{age}: {reason:?}");
            assert_eq!(reason.code(), ReasonCode::CertificateValidity);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_decides_what_a_failure_means() {
    for (level, is_enforced) in [
        (json!({ "level": "strict" }), true),
        (json!({ "level": "strict", "override": { "authenticTimestamp": "log" } }), false),
        (json!({ "level": "permissive" }), false),
        (json!({ "level": "permissive", "override": { "authenticTimestamp": "enforce" } }), true),
        (json!({ "level": "audit" }), false),
    ] {
        let scene = Scene::new(OwnKey::new(|_| ()), TsaServer::start()).await;
        let verdict = scene.verify(level.clone(), &scene.stamp(MONTH, |draft| draft.broken = true)).await;
        assert_eq!(verdict.is_verified(), !is_enforced, "{level}: {verdict:?}");
        let signature = &verdict.signatures[0];
        let reason = signature.outcome(ValidationType::AuthenticTimestamp).unwrap().reason();
        assert_eq!(reason, Some(&Reason::Timestamp(TimestampError::Signature)), "{level}");
        assert_eq!(signature.signed.as_ref().unwrap().timestamp, None);
    }
}

/// The audit of 2025: the revocation of the authority's chain was not checked at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_authority_is_refused_wherever_it_is_in_the_chain() {
    for position in [1, 2] {
        let scene = Scene::new(OwnKey::new(|_| ()), TsaServer::with_crls()).await;
        let envelope = scene.stamp(MONTH, |_| ());
        scene.env.attach(&envelope);
        let verdict = scene.verify_attached(&strict()).await;
        assert!(verdict.is_verified(), "{verdict:?}");
        let outcome = verdict.signatures[0].outcome(ValidationType::AuthenticTimestamp).unwrap().to_string();
        for path in ["/crl", "/root-crl"] {
            let good = format!("good according to the CRL http://{}{path}", scene.tsa.server.address);
            assert!(outcome.contains(&good), "{outcome}");
        }
        // After the timestamp, and for a reason that is no compromise: the authority is not trusted any more.
        let revoked = entry(&SERIAL, OffsetDateTime::now_utc() - Duration::hours(1), &[reason(5)]);
        scene.tsa.answer_with(scene.tsa.crl_path(position), scene.tsa.crl(position, vec![revoked]));
        let reason = failed(&scene.verify_attached(&strict()).await, ValidationType::AuthenticTimestamp);
        assert!(matches!(&reason, Reason::Revoked { .. }), "{reason:?}");
        let said = reason.to_string();
        let expected =
            format!("a certificate of the timestamping authority is revoked: certificate {} (CN=tsa", position - 1);
        assert!(said.starts_with(&expected), "{said}");
        // "It is always enforced when timestamp countersignature verification is triggered."
        let skip = json!({ "level": "strict", "override": { "revocation": "skip" } });
        let reason = failed(&scene.verify_attached(&skip).await, ValidationType::AuthenticTimestamp);
        assert_eq!(reason.code(), ReasonCode::Revoked);
        let permissive = scene.verify_attached(&json!({ "level": "permissive" })).await;
        assert!(permissive.is_verified(), "{permissive:?}");
        assert_eq!(permissive.signatures[0].warnings().next().unwrap().1.code(), ReasonCode::Revoked);
    }
}

/// The audit of 2025: HTTP statuses other than 200, and errors of OCSP and CRLs that were swallowed. Each makes the
/// status unknown.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_status_of_the_authority_is_never_good() {
    let scene = Scene::new(OwnKey::new(|_| ()), TsaServer::with_crls()).await;
    let envelope = scene.stamp(MONTH, |_| ());
    scene.env.attach(&envelope);
    let good = scene.tsa.crl(1, Vec::new());
    for (status, body) in [
        (404, good.clone()),
        (500, good.clone()),
        (204, Vec::new()),
        (206, good.clone()),
        (202, good.clone()),
        (200, b"<html>".to_vec()),
        (200, scene.tsa.crl(2, Vec::new())),
        (200, Vec::new()),
    ] {
        let answer = body.clone();
        scene.tsa.answer("/crl", move |_| Reply::Answer(status, Vec::new(), answer.clone()));
        let reason = failed(&scene.verify_attached(&strict()).await, ValidationType::AuthenticTimestamp);
        let Reason::Undecided(failure) = &reason else { panic!("{status}: {reason:?}") };
        assert_eq!(failure.disposition(), Disposition::Undetermined, "{status}");
        assert!(
            failure.message.starts_with("the timestamping authority: revocation could not be checked"),
            "{failure}"
        );
    }
}

/// "If CRL has an invalidity date and artifact signature is timestamped then compare the invalidity date with the
/// timestamping date."
#[tokio::test(flavor = "multi_thread")]
async fn an_invalidity_date_is_compared_with_the_timestamp() {
    use testbed::authority::SERIAL;
    use testing::status::{INVALIDITY_DATE, extension, generalized};
    let now = OffsetDateTime::now_utc();
    for (invalid_since, is_stamped, is_valid) in
        [(Duration::days(20), true, true), (Duration::days(40), true, false), (Duration::days(20), false, false)]
    {
        let authority = Authority::new(&[], &["/crl"]);
        let date = extension(INVALIDITY_DATE, false, &generalized(now - invalid_since));
        let revoked = entry(&SERIAL, now - Duration::days(5), &[reason(1), date]);
        authority.answer_with("/crl", authority.crl(vec![revoked], |_| ()));
        let (server, key) = (authority.server, authority.key);
        let mut scene = Scene::new(key, TsaServer::start()).await;
        if !is_stamped {
            scene.stores = vec!["ca:own"];
        }
        let verdict = scene.verify(strict(), &scene.stamp(MONTH, |_| ())).await;
        if is_valid {
            assert!(verdict.is_verified(), "{verdict:?}");
        } else {
            assert_eq!(failed(&verdict, ValidationType::Revocation).code(), ReasonCode::Revoked);
        }
        drop(server);
    }
}

/// A certificate that is not revoked at all is asked about once, whatever the times of its signatures.
#[tokio::test(flavor = "multi_thread")]
async fn a_good_status_does_not_depend_on_the_timestamp() {
    let authority = Authority::new(&["/ocsp"], &[]);
    authority.answer_with("/ocsp", authority.ocsp(good(), |_| ()));
    let (server, key) = (authority.server, authority.key);
    let scene = Scene::new(key, TsaServer::start()).await;
    for days in 1..=3 {
        scene.env.attach(&scene.stamp(Duration::days(days), |_| ()));
    }
    let verdict = scene.verify_attached(&strict()).await;
    assert_eq!(verdict.signatures.iter().filter(|signature| signature.is_verified()).count(), 3, "{verdict:?}");
    assert_eq!(server.seen().iter().filter(|request| request.path.starts_with("/ocsp")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheme_of_signing_authorities_ignores_timestamps() {
    for format in EnvelopeFormat::ALL {
        let scene = Scene::new(OwnKey::new(|_| ()), TsaServer::start()).await.in_format(format);
        let envelope = stamped(&scene.sign(SigningAuthority), b"not a timestamp");
        let verdict = scene.verify(strict(), &envelope).await;
        assert!(verdict.is_verified(), "{verdict:?}");
    }
}
