//! Signatures without a verification plugin: both signing schemes, verified by the signing certificate.

use aws_signer::AttributesError;
use notary::envelope::SigningScheme::{SigningAuthority, X509};
use notary::envelope::{SigningScheme, header};
use notary::{Disposition, ReasonCode};
use notation::verify::{CheckOutcome, Finding, Reason, ValidationType, Verdict};
use serde_json::{Value, json};
use testbed::own_key::{OwnKey, SUBJECT, add_critical};
use testbed::test_env::TestEnv;

use crate::failed;

/// The verdict on the signature by `key`, whose root is in the trust stores `ca:own` and `signingAuthority:own`.
async fn verify(key: &OwnKey, envelope: &[u8], env: &TestEnv, stores: &[&str], identities: &[&str]) -> Verdict {
    verify_at(&json!({ "level": "strict" }), key, envelope, env, stores, identities).await
}

async fn verify_at(
    verification: &Value,
    key: &OwnKey,
    envelope: &[u8],
    env: &TestEnv,
    stores: &[&str],
    identities: &[&str],
) -> Verdict {
    env.attach(envelope);
    env.put_trust_store("ca/own", &key.root());
    env.put_trust_store("signingAuthority/own", &key.root());
    env.verify_under(&env.policy_for(verification, stores, identities), &env.config).await
}

/// The trust store that applies to a scheme, and one that does not.
fn stores(scheme: SigningScheme) -> [&'static str; 2] {
    match scheme {
        X509 => ["ca:own", "signingAuthority:own"],
        SigningAuthority => ["signingAuthority:own", "ca:own"],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trusts_by_scheme_store_type_and_subject() {
    for scheme in [X509, SigningAuthority] {
        let key = OwnKey::new(|_| ());
        let [right, wrong] = stores(scheme);
        type Matches = fn(&Reason) -> bool;
        for (store, identity, refused) in [
            (right, SUBJECT, None),
            (right, "x509.subject: C=US, ST=WA, O=Acme", None),
            (right, "*", None),
            (wrong, SUBJECT, Some((|reason| matches!(reason, Reason::NoTrustStore { .. })) as Matches)),
            (
                right,
                "x509.subject: C=US, ST=WA, O=Other",
                Some(|reason| matches!(reason, Reason::UntrustedSubject { policy_has_subjects: true, .. })),
            ),
            (
                right,
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod",
                Some(|reason| matches!(reason, Reason::UntrustedSubject { policy_has_subjects: false, .. })),
            ),
        ] {
            let env = TestEnv::new().await;
            let envelope = key.sign(&env.image, scheme);
            let verdict = verify(&key, &envelope, &env, &[store], &[identity]).await;
            match refused {
                None => assert!(verdict.is_verified(), "{store} {identity}: {verdict:?}"),
                Some(is_expected) => {
                    let reason = failed(&verdict, ValidationType::Authenticity);
                    assert!(is_expected(&reason), "{store} {identity}: {reason:?}");
                    assert_eq!(reason.code(), ReasonCode::Untrusted);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_unknown_roots_and_missing_stores() {
    let key = OwnKey::new(|_| ());
    let other = OwnKey::new(|_| ());
    for (stores, code, disposition) in [
        (&["ca:other"][..], ReasonCode::Untrusted, Disposition::Refused),
        // The missing store could hold the root.
        (&["ca:missing"], ReasonCode::Configuration, Disposition::Misconfigured),
        (&["ca:own", "ca:missing"], ReasonCode::Configuration, Disposition::Misconfigured),
    ] {
        let env = TestEnv::new().await;
        env.put_trust_store("ca/other", &other.root());
        let verdict = verify(&key, &key.sign(&env.image, X509), &env, stores, &["*"]).await;
        let reason = failed(&verdict, ValidationType::Authenticity);
        assert_eq!((reason.code(), reason.disposition()), (code, disposition), "{stores:?}: {reason:?}");
    }
    // A missing store of the other type does not matter.
    let env = TestEnv::new().await;
    let envelope = key.sign(&env.image, X509);
    let verdict = verify(&key, &envelope, &env, &["ca:own", "signingAuthority:missing"], &["*"]).await;
    assert!(verdict.is_verified(), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accepts_an_expired_certificate_only_with_an_authentic_signing_time() {
    let key = OwnKey::expired();
    let env = TestEnv::new().await;
    let envelope = key.sign(&env.image, SigningAuthority);
    let verdict = verify(&key, &envelope, &env, &["signingAuthority:own"], &[SUBJECT]).await;
    assert!(verdict.is_verified(), "{verdict:?}");

    let env = TestEnv::new().await;
    let envelope = key.sign(&env.image, X509);
    let verdict = verify(&key, &envelope, &env, &["ca:own"], &[SUBJECT]).await;
    let reason = failed(&verdict, ValidationType::AuthenticTimestamp);
    assert!(matches!(reason, Reason::CertificateValidity(_)), "{reason:?}");

    let env = TestEnv::new().await;
    let permissive = json!({ "level": "permissive" });
    let verdict = verify_at(&permissive, &key, &envelope, &env, &["ca:own"], &[SUBJECT]).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    assert_eq!(verdict.signatures[0].warnings().next().unwrap().0, ValidationType::AuthenticTimestamp);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_without_revocation_sources_count_as_not_revoked() {
    let env = TestEnv::new().await;
    let key = OwnKey::new(|_| ());
    let verdict = verify(&key, &key.sign(&env.image, X509), &env, &["ca:own"], &[SUBJECT]).await;
    let outcome = &verdict.signatures[0].checks.last().unwrap().outcome;
    assert!(matches!(outcome, CheckOutcome::Passed(Finding::NotRevoked(_))), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_unprocessed_critical_attributes_at_every_level() {
    const PLUGIN: &str = "io.cncf.notary.verificationPlugin";
    let key = OwnKey::new(|_| ());
    type Matches = fn(&Reason) -> bool;
    for (name, value, is_expected) in [
        (
            "org.example.must",
            "x",
            (|reason| matches!(reason, Reason::UnknownCritical { name } if name == "org.example.must")) as Matches,
        ),
        (
            "com.amazonaws.signer.signingJob",
            "x",
            |reason| matches!(reason, Reason::UnknownCritical { name } if name == "com.amazonaws.signer.signingJob"),
        ),
        ("io.cncf.notary.verificationPluginMinVersion", "1.0.0", |reason| {
            matches!(reason, Reason::InvalidPlugin { .. })
        }),
        (PLUGIN, "com.example", |reason| matches!(reason, Reason::NoPlugins { name } if name == "com.example")),
        (PLUGIN, "com.amazonaws.signer.notation.plugin", |reason| {
            matches!(reason, Reason::AwsSigner(AttributesError::Scheme(X509)))
        }),
    ] {
        for level in ["strict", "permissive", "audit"] {
            let env = TestEnv::new().await;
            let envelope = key.sign_with(&env.image, X509, |protected| add_critical(protected, name, value));
            let verification = json!({ "level": level });
            let verdict = verify_at(&verification, &key, &envelope, &env, &["ca:own"], &["*"]).await;
            let reason = failed(&verdict, ValidationType::Integrity);
            assert!(is_expected(&reason), "{name} {level}: {reason:?}");
        }
    }
}

/// Such a signature beside an artifact must not make its verification end with a panic.
#[tokio::test(flavor = "multi_thread")]
async fn rejects_times_whose_year_has_five_digits_in_utc() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let key = OwnKey::new(|_| ());
    const LATE: &str = "9999-12-31T23:59:59-23:59";
    let signed_late = key.sign_with(&env.image, X509, |protected| {
        protected[header::SIGNING_TIME] = json!(LATE);
        add_critical(protected, header::EXPIRY, "9999-12-31T23:59:58Z");
    });
    let expires_late = key.sign_with(&env.image, X509, |protected| add_critical(protected, header::EXPIRY, LATE));
    env.attach(&signed_late);
    env.attach(&expires_late);
    let verdict = env.verify().await;
    assert!(verdict.is_verified());
    for signature in &verdict.signatures[1..] {
        let reason = signature.reason().unwrap();
        assert!(reason.code() == ReasonCode::Integrity && reason.to_string().contains(LATE), "{reason}");
    }
}
