//! Trusted roots and identities.

use local_signer::clock::Clock;
use local_signer::{LocalSigner, Options};
use notary::trust::policy::TrustedIdentity;
use notation::verify::{Reason, Trust, ValidationType};
use testbed::test_env::{TestEnv, root_of};
use time::macros::{date, datetime};

use crate::failed;

#[tokio::test(flavor = "multi_thread")]
async fn rejects_another_root_of_the_same_name() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    // The root of another local signer has the same name but another key.
    let other = LocalSigner::start(Options::new(env.folder().join("other"))).await.unwrap();
    assert_eq!(root_of(&other).subject(), root_of(&env.signer).subject());
    for roots in [vec![root_of(&other)], Vec::new()] {
        let trust = Trust { roots, ..env.trust.clone() };
        let reason = failed(&env.verify_with(&trust, &env.config).await, ValidationType::Authenticity);
        assert!(matches!(reason, Reason::UntrustedChain { .. }), "{reason:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trusts_any_certificate_of_the_chain() {
    let env = TestEnv::new().await;
    let signed = env.sign_and_attach().await;
    for certificate in signed.signature.verified.chain().certificates() {
        let trust = Trust { roots: vec![certificate.clone()], ..env.trust.clone() };
        assert!(env.verify_with(&trust, &env.config).await.is_verified());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_signers_that_the_policy_does_not_name_exactly() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let arn = env.profile.to_string();
    for identity in [
        arn.replace("/Prod", "/prod"),
        arn.replace("/Prod", "/Production"),
        arn.replace("111122223333", "444455556666"),
        arn.replace("us-west-2", "us-east-1"),
        format!("{arn}/Ab12Cd34Ef"),
        format!("{arn}/"),
        format!("{arn}*"),
        format!(" {arn}"),
        "x509.subject: C=XX, ST=Local, O=notation-aws-signer".to_owned(),
    ] {
        let trust = Trust { identities: vec![identity.parse().unwrap()], ..env.trust.clone() };
        let reason = failed(&env.verify_with(&trust, &env.config).await, ValidationType::Authenticity);
        assert!(matches!(reason, Reason::UntrustedProfile { .. }), "{identity}: {reason:?}");
    }
    let exact = format!("{arn}/{}", env.version).parse().unwrap();
    let exact = Trust { identities: vec![exact], ..env.trust.clone() };
    assert!(env.verify_with(&exact, &env.config).await.is_verified());
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_wildcards_and_empty_identity_lists() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let trust = Trust { identities: Vec::new(), ..env.trust.clone() };
    let reason = failed(&env.verify_with(&trust, &env.config).await, ValidationType::Authenticity);
    assert!(matches!(reason, Reason::UntrustedProfile { .. }), "{reason:?}");
    assert!("*".parse::<TrustedIdentity>().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_an_expired_signature_but_not_its_expired_chain() {
    let clock = Clock::starting_at(datetime!(2024-01-01 00:00 UTC)).unwrap();
    let expired = TestEnv::with_clock(clock, 1).await;
    expired.sign_and_attach().await;
    let reason = failed(&expired.verify().await, ValidationType::Expiry);
    let Reason::Expired { at } = reason else { panic!("{reason:?}") };
    assert_eq!(at.date(), date!(2024 - 01 - 02));
    // The leaf expired years ago, but was valid at the authentic signing time.
    let old = TestEnv::with_clock(clock, 4000).await;
    old.sign_and_attach().await;
    assert!(old.verify().await.is_verified());
}
