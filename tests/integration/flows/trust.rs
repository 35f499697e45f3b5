//! Who is trusted.

use local_signer::clock::Clock;
use local_signer::{LocalSigner, Options};
use notation::verify::{Trust, ValidationType};
use time::macros::datetime;

use super::failed;
use super::world::{World, root_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_is_not_in_the_trust_store_is_refused_whatever_its_name() {
    let world = World::new().await;
    world.sign_and_attach().await;
    // The root of another local signer has the same name, and another key.
    let other = LocalSigner::start(Options::new(world.folder().join("other"))).await.unwrap();
    assert_eq!(root_of(&other).subject(), root_of(&world.signer).subject());
    for roots in [vec![root_of(&other)], Vec::new()] {
        let trust = Trust { roots, ..world.trust.clone() };
        let reason = failed(&world.verify_with(&trust, &world.config).await, ValidationType::Authenticity);
        assert!(reason.contains("no certificate of the chain is in the trust store"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_certificate_of_the_chain_may_be_the_one_in_the_trust_store() {
    let world = World::new().await;
    let signed = world.sign_and_attach().await;
    for certificate in signed.signature.verified.chain().certificates() {
        let trust = Trust { roots: vec![certificate.clone()], ..world.trust.clone() };
        assert!(world.verify_with(&trust, &world.config).await.is_verified());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signer_whom_the_policy_does_not_name_exactly_is_refused() {
    let world = World::new().await;
    world.sign_and_attach().await;
    let arn = world.profile.to_string();
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
        String::new(),
    ] {
        let trust = Trust { identities: vec![identity.clone()], ..world.trust.clone() };
        failed(&world.verify_with(&trust, &world.config).await, ValidationType::Authenticity);
    }
    let exact = Trust { identities: vec![format!("{arn}/{}", world.version)], ..world.trust.clone() };
    assert!(world.verify_with(&exact, &world.config).await.is_verified());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wildcard_trusts_nobody_and_neither_does_an_empty_list() {
    let world = World::new().await;
    world.sign_and_attach().await;
    for (identities, why) in [
        (vec!["*".to_owned()], "wildcard"),
        (vec![world.profile.to_string(), "*".to_owned()], "wildcard"),
        (vec![], "no trusted identity"),
    ] {
        let trust = Trust { identities, ..world.trust.clone() };
        let reason = failed(&world.verify_with(&trust, &world.config).await, ValidationType::Authenticity);
        assert!(reason.contains(why), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_has_expired_is_refused_and_its_chain_is_not() {
    let clock = Clock::starting_at(datetime!(2024-01-01 00:00 UTC)).unwrap();
    let expired = World::with_clock(clock, 1).await;
    expired.sign_and_attach().await;
    let reason = failed(&expired.verify().await, ValidationType::Expiry);
    assert!(reason.contains("expired at 2024-01-02"), "{reason}");
    // The leaf has been invalid for years, but was valid at the authentic signing time.
    let old = World::with_clock(clock, 4000).await;
    old.sign_and_attach().await;
    assert!(old.verify().await.is_verified());
}
