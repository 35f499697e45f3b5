//! The flows of signing and verifying, on an OCI layout and with a local signer in this process: what is good verifies, and
//! whatever an attacker or an accident does to it is refused by the check that it is for.

mod conclusions;
mod forged;
mod levels;
pub mod own_key;
mod own_signatures;
mod plugins;
mod revocation;
mod tampered;
pub mod test_env;
mod trust;

use notation_aws_signer::verify::{Check, ValidationType, Verdict};
use test_env::TestEnv;

/// The reason of the check that failed, which must be this one and the last, for the only signature.
fn failed(verdict: &Verdict, check: impl Into<Check>) -> String {
    assert!(!verdict.is_verified(), "{verdict:?}");
    let [signature] = verdict.signatures() else { panic!("{verdict:?}") };
    assert!(!signature.is_verified());
    let (last, before) = signature.checks.split_last().unwrap();
    assert!(before.iter().all(|c| c.outcome.is_passed()), "{verdict:?}");
    assert_eq!(last.check, check.into(), "{verdict:?}");
    assert!(last.outcome.is_refused(), "{verdict:?}");
    last.outcome.failure().unwrap().reason.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_verifies_with_every_check() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let verdict = env.verify().await;
    assert!(verdict.is_verified(), "{verdict:?}");
    assert_eq!(*verdict.artifact(), env.image);
    assert!(verdict.signatures()[0].checks.iter().all(|c| c.outcome.is_passed()));
    let checks: Vec<Check> = verdict.signatures()[0].checks.iter().map(|c| c.check).collect();
    use ValidationType::{AuthenticTimestamp, Authenticity, Expiry, Integrity, Revocation};
    assert_eq!(checks, [Integrity, Authenticity, Expiry, AuthenticTimestamp, Revocation]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_without_a_signature_is_not_verified() {
    let env = TestEnv::new().await;
    let verdict = env.verify().await;
    assert!(!verdict.is_verified() && verdict.signatures().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_signature_does_not_spoil_a_good_one_beside_it() {
    let env = TestEnv::new().await;
    env.attach(b"{}");
    env.sign_and_attach().await;
    env.attach(b"no envelope");
    let verdict = env.verify().await;
    assert!(verdict.is_verified(), "{verdict:?}");
    assert_eq!(verdict.signatures().iter().map(|s| s.is_verified()).collect::<Vec<_>>(), [false, true, false]);
}
