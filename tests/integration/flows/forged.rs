//! Envelopes signed with the right key, with attributes that a verifier must reject.

use notary::envelope::build::ProtectedAttributes;
use notation::verify::ValidationType;
use time::{Duration, OffsetDateTime};

use super::failed;
use super::test_env::TestEnv;

/// The reason for which an envelope with changed attributes is refused.
async fn refused(check: ValidationType, change: impl FnOnce(&mut ProtectedAttributes)) -> String {
    let env = TestEnv::new().await;
    // The service issues the signing certificate on the first signature.
    env.sign("v1").await;
    env.attach(&env.forge(change));
    failed(&env.verify().await, check)
}

fn extended<'a>(attributes: &'a mut ProtectedAttributes, name: &str) -> &'a mut String {
    &mut attributes.extended.iter_mut().find(|(n, _)| n == name).unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn accepts_the_attributes_that_the_service_signs() {
    let env = TestEnv::new().await;
    env.sign("v1").await;
    env.attach(&env.forge(|_| ()));
    let verdict = env.verify().await;
    assert!(verdict.is_verified(), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_an_unknown_critical_attribute() {
    let reason = refused(ValidationType::Integrity, |a| a.extended.push(("org.example.must".into(), "x".into()))).await;
    assert!(reason.contains("critical attribute \"org.example.must\""), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_another_or_a_newer_verification_plugin() {
    let other = refused(ValidationType::Integrity, |a| a.verification_plugin = Some("com.example".into())).await;
    assert!(other.contains("com.example"), "{other}");
    let min = "io.cncf.notary.verificationPluginMinVersion";
    let newer = refused(ValidationType::Integrity, |a| a.extended.push((min.into(), "99.0.0".into()))).await;
    assert!(newer.contains("99.0.0"), "{newer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shortens_long_values_in_reasons() {
    let reason = refused(ValidationType::Integrity, |a| a.verification_plugin = Some("x".repeat(1_000_000))).await;
    assert!(reason.chars().count() <= 4000 && reason.contains("xxx"), "{}", reason.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_missing_or_malformed_aws_signer_attributes() {
    const PROFILE: &str = "com.amazonaws.signer.signingProfileVersion";
    const JOB: &str = "com.amazonaws.signer.signingJob";
    for name in [PROFILE, JOB] {
        let absent = refused(ValidationType::Integrity, |a| a.extended.retain(|(n, _)| n != name)).await;
        assert!(absent.contains(name), "{absent}");
        let malformed = refused(ValidationType::Integrity, |a| extended(a, name).push('/')).await;
        assert!(malformed.contains("critical attribute of AWS Signer"), "{malformed}");
    }
    refused(ValidationType::Integrity, |a| *extended(a, PROFILE) = extended(a, JOB).clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_a_signing_time_outside_the_certificates_validity() {
    for days in [-3, 30, 3650] {
        let time = OffsetDateTime::now_utc() + Duration::days(days);
        let reason = refused(ValidationType::AuthenticTimestamp, |a| a.authentic_signing_time = time).await;
        assert!(reason.contains("is valid from"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_a_signature_that_expired_a_second_ago() {
    let now = OffsetDateTime::now_utc();
    let expire = |a: &mut ProtectedAttributes| {
        a.authentic_signing_time = now - Duration::hours(1);
        a.expiry = Some(now - Duration::SECOND);
    };
    let reason = refused(ValidationType::Expiry, expire).await;
    assert!(reason.contains("expired at"), "{reason}");
}
