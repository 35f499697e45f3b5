//! Verification levels: the result of each for an invalid signature of AWS Signer.

use notary::ReasonCode;
use notary::trust::policy::TrustStoreType;
use notation::verify::CheckOutcome::{Failed, Passed, Skipped, Warning};
use notation::verify::ValidationType::{AuthenticTimestamp, Authenticity, Expiry, Revocation};
use notation::verify::{Conclusion, Reason, ValidationType, Verdict, VerificationPolicy};
use serde_json::{Value, json};
use testbed::own_key::OwnKey;
use testbed::test_env::TestEnv;
use time::{Duration, OffsetDateTime};

use crate::failed;

/// A defect of the signature.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Expired,
    SignedOutsideValidity,
    Revoked,
    Untrusted,
    OtherIdentity,
    ServiceDown,
}

impl Wrong {
    const ALL: [Wrong; 6] = [
        Wrong::Expired,
        Wrong::SignedOutsideValidity,
        Wrong::Revoked,
        Wrong::Untrusted,
        Wrong::OtherIdentity,
        Wrong::ServiceDown,
    ];

    /// The check that fails.
    fn check(self) -> ValidationType {
        match self {
            Wrong::Expired => Expiry,
            Wrong::SignedOutsideValidity => AuthenticTimestamp,
            Wrong::Untrusted | Wrong::OtherIdentity => Authenticity,
            Wrong::Revoked | Wrong::ServiceDown => Revocation,
        }
    }

    async fn verify(self, verification: &Value) -> Verdict {
        let env = TestEnv::new().await;
        let signed = env.sign("v1").await;
        let now = OffsetDateTime::now_utc();
        let envelope = match self {
            Wrong::Expired => env.forge(|a| {
                a.signing_time = now - Duration::hours(1);
                a.expiry = Some(now - Duration::SECOND);
            }),
            Wrong::SignedOutsideValidity => env.forge(|a| a.signing_time = now - Duration::days(9)),
            _ => signed.signature.envelope.clone(),
        };
        env.attach(&envelope);
        let mut policy = env.policy(verification);
        let mut config = env.config.clone();
        match self {
            Wrong::Revoked => {
                let job = signed.signature.signer.job.id().to_owned();
                env.client.sdk().revoke_signature().job_id(job).reason("leak").send().await.unwrap();
            }
            Wrong::Untrusted => {
                env.put_trust_store("signingAuthority/other", &OwnKey::new(|_| ()).root());
                let profile = env.profile.to_string();
                policy = env.policy_for(verification, &["signingAuthority:other"], &[&profile]);
            }
            Wrong::OtherIdentity => {
                let other = env.profile.to_string().replace("/Prod", "/Other");
                policy = env.policy_for(verification, &["signingAuthority:local"], &[&other]);
            }
            Wrong::ServiceDown => config = config.with_endpoint_url("http://127.0.0.1:9"),
            Wrong::Expired | Wrong::SignedOutsideValidity => {}
        }
        env.verify_under(&policy, &config).await
    }
}

/// Asserts that the signature is accepted and exactly this check is logged as failed. After a logged authenticity
/// failure, revocation may be skipped.
fn warned(verdict: &Verdict, check: ValidationType) {
    assert!(verdict.is_verified(), "{verdict:?}");
    let [signature] = &verdict.signatures[..] else { panic!("{verdict:?}") };
    assert_eq!(signature.checks.len(), 5);
    for result in &signature.checks {
        let is_expected = match &result.outcome {
            Warning(_) => result.check == check,
            Passed(_) => result.check != check,
            Skipped(_) => result.check == Revocation && check == Authenticity,
            Failed(_) => false,
        };
        assert!(is_expected, "{check}: {verdict:?}");
    }
    assert_eq!(signature.warnings().map(|(check, _)| check).collect::<Vec<_>>(), [check]);
}

#[tokio::test(flavor = "multi_thread")]
async fn levels_enforce_and_log_as_in_the_specification() {
    for (level, enforced) in [
        ("strict", &[Authenticity, Expiry, AuthenticTimestamp, Revocation][..]),
        ("permissive", &[Authenticity]),
        ("audit", &[]),
    ] {
        for wrong in Wrong::ALL {
            let verdict = wrong.verify(&json!({ "level": level })).await;
            if enforced.contains(&wrong.check()) {
                failed(&verdict, wrong.check());
            } else {
                warned(&verdict, wrong.check());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_changes_one_check_only() {
    let name = |check: ValidationType| check.to_string();
    for wrong in Wrong::ALL {
        let logged = json!({ "level": "strict", "override": { name(wrong.check()): "log" } });
        warned(&wrong.verify(&logged).await, wrong.check());
        let enforced = json!({ "level": "audit", "override": { name(wrong.check()): "enforce" } });
        let verdict = wrong.verify(&enforced).await;
        assert!(!verdict.is_verified(), "{verdict:?}");
        failed(&verdict, wrong.check());
    }
    let other = json!({ "level": "strict", "override": { "expiry": "log" } });
    failed(&Wrong::Revoked.verify(&other).await, Revocation);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_revocation_as_skipped_without_a_request() {
    let skip = json!({ "level": "strict", "override": { "revocation": "skip" } });
    for wrong in [Wrong::Revoked, Wrong::ServiceDown] {
        let verdict = wrong.verify(&skip).await;
        assert!(verdict.is_verified(), "{verdict:?}");
        let last = verdict.signatures[0].checks.last().unwrap();
        assert_eq!(
            (last.check, &last.outcome),
            (Revocation.into(), &Skipped("the trust policy \"test\" skips it".into()))
        );
    }
    failed(&Wrong::Untrusted.verify(&skip).await, Authenticity);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_level_rejects_altered_signatures_and_other_artifacts() {
    for level in ["strict", "permissive", "audit"] {
        let env = TestEnv::new().await;
        let other = testbed::test_env::add_image(&env.layout, "other");
        let key = OwnKey::new(|_| ());
        let scheme = notary::envelope::SigningScheme::X509;
        let mut altered = key.sign(&env.image, scheme);
        let last = altered.iter().rposition(u8::is_ascii_alphanumeric).unwrap() - 20;
        altered[last] = if altered[last] == b'A' { b'B' } else { b'A' };
        for envelope in [key.sign(&other, scheme), altered, b"{}".to_vec()] {
            env.attach(&envelope);
        }
        let verdict = env.verify_under(&env.policy(&json!({ "level": level })), &env.config).await;
        assert!(!verdict.is_verified() && verdict.signatures.len() == 3, "{verdict:?}");
        for signature in &verdict.signatures {
            let [check] = &signature.checks[..] else { panic!("{signature:?}") };
            assert!(check.check == ValidationType::Integrity && check.outcome.is_failed(), "{signature:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_every_logged_failure() {
    let env = TestEnv::new().await;
    let key = OwnKey::expired();
    env.attach(&key.sign(&env.image, notary::envelope::SigningScheme::X509));
    let verdict = env.verify_under(&env.policy(&json!({ "level": "audit" })), &env.config).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    let warnings: Vec<_> = verdict.signatures[0].warnings().map(|(check, _)| check).collect();
    assert_eq!(warnings, [Authenticity, AuthenticTimestamp]);
}

#[tokio::test(flavor = "multi_thread")]
async fn level_skip_reads_no_signature_and_is_not_verified() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let policy: VerificationPolicy = env.policy_for(&json!({ "level": "skip" }), &[], &[]);
    let verdict = env.verify_under(&policy, &env.config).await;
    assert!(verdict.skipped && !verdict.is_verified() && verdict.signatures.is_empty(), "{verdict:?}");
    assert_eq!(verdict.conclusion(), Conclusion::Skipped);
    assert_eq!((&verdict.artifact, verdict.policy.as_str()), (&env.image, "test"));
    let strict = env.verify_under(&env.policy(&json!({ "level": "strict" })), &env.config).await;
    assert!(!strict.skipped && strict.is_verified());
}

#[tokio::test(flavor = "multi_thread")]
async fn wildcards_and_other_store_types_do_not_trust_aws_signer() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    env.put_trust_store("ca/local", &testbed::test_env::root_of(&env.signer));
    let strict = json!({ "level": "strict" });
    let profile = env.profile.to_string();
    type Matches = fn(&Reason) -> bool;
    for (store, identity, is_expected) in [
        ("signingAuthority:local", "*", (|reason| matches!(reason, Reason::Wildcard(_))) as Matches),
        ("signingAuthority:local", "x509.subject: C=XX, ST=Local, O=notation-aws-signer", |reason| {
            matches!(reason, Reason::UntrustedProfile { .. })
        }),
        ("ca:local", profile.as_str(), |reason| {
            matches!(reason, Reason::NoTrustStore { store_type: TrustStoreType::SigningAuthority, .. })
        }),
    ] {
        let verdict = env.verify_under(&env.policy_for(&strict, &[store], &[identity]), &env.config).await;
        let reason = failed(&verdict, Authenticity);
        assert!(is_expected(&reason), "{reason:?}");
        assert_eq!(reason.code(), ReasonCode::Untrusted);
    }
}
