//! Envelopes signed with the right key, with attributes that a verifier must reject.

use aws_signer::AttributesError;
use notary::ReasonCode;
use notary::envelope::build::ProtectedAttributes;
use notation::verify::{Reason, ValidationType};
use testbed::test_env::TestEnv;
use time::{Duration, OffsetDateTime};

use crate::failed;

/// The reason for which an envelope with changed attributes is refused.
async fn refused(check: ValidationType, change: impl FnOnce(&mut ProtectedAttributes)) -> Reason {
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
    assert_eq!(reason, Reason::AwsSigner(AttributesError::UnknownCritical("org.example.must".into())));
    assert_eq!(reason.code(), ReasonCode::Unsupported);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_another_or_a_newer_verification_plugin() {
    let other = refused(ValidationType::Integrity, |a| a.verification_plugin = Some("com.example".into())).await;
    assert_eq!(other, Reason::NoPlugins { name: "com.example".into() });
    let min = "io.cncf.notary.verificationPluginMinVersion";
    let newer = refused(ValidationType::Integrity, |a| a.extended.push((min.into(), "99.0.0".into()))).await;
    assert_eq!(newer, Reason::AwsSigner(AttributesError::NewerPlugin { demanded: "99.0.0".into() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn shortens_long_values_in_reasons() {
    let reason = refused(ValidationType::Integrity, |a| a.verification_plugin = Some("x".repeat(1_000_000))).await;
    let shown = reason.to_string();
    assert!(shown.chars().count() <= 4000 && shown.contains("xxx"), "{}", shown.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_missing_or_malformed_aws_signer_attributes() {
    const PROFILE: &str = "com.amazonaws.signer.signingProfileVersion";
    const JOB: &str = "com.amazonaws.signer.signingJob";
    for name in [PROFILE, JOB] {
        let absent = refused(ValidationType::Integrity, |a| a.extended.retain(|(n, _)| n != name)).await;
        assert!(matches!(&absent, Reason::AwsSigner(AttributesError::Missing(_))), "{absent:?}");
        assert!(absent.to_string().contains(name), "{absent}");
        let malformed = refused(ValidationType::Integrity, |a| extended(a, name).push('/')).await;
        assert!(matches!(malformed, Reason::AwsSigner(AttributesError::Arn(_))), "{malformed:?}");
        assert_eq!((absent.code(), malformed.code()), (ReasonCode::Integrity, ReasonCode::Integrity));
    }
    refused(ValidationType::Integrity, |a| *extended(a, PROFILE) = extended(a, JOB).clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_a_signing_time_outside_the_certificates_validity() {
    for days in [-3, 30, 3650] {
        let time = OffsetDateTime::now_utc() + Duration::days(days);
        let reason = refused(ValidationType::AuthenticTimestamp, |a| a.signing_time = time).await;
        assert!(matches!(reason, Reason::CertificateValidity(_)), "{reason:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_a_signature_that_expired_a_second_ago() {
    let now = OffsetDateTime::now_utc();
    let expiry = now.replace_nanosecond(0).unwrap() - Duration::SECOND;
    let expire = |a: &mut ProtectedAttributes| {
        a.signing_time = now - Duration::hours(1);
        a.expiry = Some(expiry);
    };
    let reason = refused(ValidationType::Expiry, expire).await;
    assert_eq!(reason, Reason::Expired { at: expiry });
}
