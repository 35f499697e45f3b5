//! Signing and verifying on an OCI layout with an in-process local signer: intact signatures verify, and each kind of
//! damage or attack fails the check that covers it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aliases;
mod attaching;
mod aws_signer_revocation;
mod clients;
mod conclusions;
mod cose;
mod forged;
mod layers;
mod levels;
mod limits;
mod listing;
mod own_signatures;
mod preparing;
mod revocation;
mod served;
mod stamping;
mod tampered;
mod timestamps;
mod trust;
mod verdict;

use notation::verify::{Check, Reason, ValidationType, Verdict};
use testbed::test_env::TestEnv;

/// Asserts that the only signature failed this check, and that it was the last one. Returns the reason.
fn failed(verdict: &Verdict, check: impl Into<Check>) -> Reason {
    assert!(!verdict.is_verified(), "{verdict:?}");
    let [signature] = &verdict.signatures[..] else { panic!("{verdict:?}") };
    assert!(!signature.is_verified());
    let (last, before) = signature.checks.split_last().unwrap();
    assert!(before.iter().all(|c| c.outcome.is_passed()), "{verdict:?}");
    assert_eq!(last.check, check.into(), "{verdict:?}");
    assert!(last.outcome.is_failed(), "{verdict:?}");
    last.outcome.reason().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_image_passes_every_check() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let verdict = env.verify().await;
    assert!(verdict.is_verified(), "{verdict:?}");
    assert_eq!(verdict.artifact, env.image);
    assert!(verdict.signatures[0].checks.iter().all(|c| c.outcome.is_passed()));
    let checks: Vec<Check> = verdict.signatures[0].checks.iter().map(|c| c.check).collect();
    use ValidationType::{AuthenticTimestamp, Authenticity, Expiry, Integrity, Revocation};
    assert_eq!(checks, [Integrity, Authenticity, Expiry, AuthenticTimestamp, Revocation]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_an_unsigned_artifact() {
    let env = TestEnv::new().await;
    let verdict = env.verify().await;
    assert!(!verdict.is_verified() && verdict.signatures.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn accepts_a_valid_signature_beside_an_invalid_one() {
    let env = TestEnv::new().await;
    env.attach(b"{}");
    env.sign_and_attach().await;
    env.attach(b"no envelope");
    let verdict = env.verify().await;
    assert!(verdict.is_verified(), "{verdict:?}");
    assert_eq!(verdict.signatures.iter().map(|s| s.is_verified()).collect::<Vec<_>>(), [false, true, false]);
}
