//! Envelopes by the right key with attributes that a verifier must not accept.

use notation_aws_signer::envelope::build::ProtectedAttributes;
use notation_aws_signer::verify::ValidationType;
use time::{Duration, OffsetDateTime};

use super::failed;
use super::test_env::TestEnv;

/// Why an envelope with changed attributes is refused.
async fn refused(check: ValidationType, change: impl FnOnce(&mut ProtectedAttributes)) -> String {
    let env = TestEnv::new().await;
    // Makes the service issue the certificate that signs.
    env.sign("v1").await;
    env.attach(&env.forge(change));
    failed(&env.verify().await, check)
}

fn extended<'a>(attributes: &'a mut ProtectedAttributes, name: &str) -> &'a mut String {
    &mut attributes.extended.iter_mut().find(|(n, _)| n == name).unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_with_the_attributes_of_the_service_verifies() {
    let env = TestEnv::new().await;
    env.sign("v1").await;
    env.attach(&env.forge(|_| ()));
    let verdict = env.verify().await;
    assert!(verdict.is_verified(), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_critical_attribute_that_nobody_understands_is_refused() {
    let reason = refused(ValidationType::Integrity, |a| a.extended.push(("org.example.must".into(), "x".into()))).await;
    assert!(reason.contains("critical attribute \"org.example.must\""), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_verification_plugin_or_a_newer_one_is_refused() {
    let other = refused(ValidationType::Integrity, |a| a.verification_plugin = Some("com.example".into())).await;
    assert!(other.contains("com.example"), "{other}");
    let min = "io.cncf.notary.verificationPluginMinVersion";
    let newer = refused(ValidationType::Integrity, |a| a.extended.push((min.into(), "99.0.0".into()))).await;
    assert!(newer.contains("99.0.0"), "{newer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_is_short_however_long_the_value_is_that_is_refused() {
    let reason = refused(ValidationType::Integrity, |a| a.verification_plugin = Some("x".repeat(1_000_000))).await;
    assert!(reason.chars().count() <= 4000 && reason.contains("xxx"), "{}", reason.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_of_the_service_that_are_absent_or_malformed_are_refused() {
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
async fn a_signing_time_outside_the_certificates_validity_is_refused() {
    for days in [-3, 30, 3650] {
        let time = OffsetDateTime::now_utc() + Duration::days(days);
        let reason = refused(ValidationType::AuthenticTimestamp, |a| a.authentic_signing_time = time).await;
        assert!(reason.contains("is valid from"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_expired_a_second_ago_is_refused() {
    let now = OffsetDateTime::now_utc();
    let expire = |a: &mut ProtectedAttributes| {
        a.authentic_signing_time = now - Duration::hours(1);
        a.expiry = Some(now - Duration::SECOND);
    };
    let reason = refused(ValidationType::Expiry, expire).await;
    assert!(reason.contains("expired at"), "{reason}");
}
