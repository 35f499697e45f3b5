//! The signatures of a digest are listed while the artifact is resolved, unless the registry is on this machine. This
//! changes no result.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use notary::reference::Target;
use notary::{Digest, ReasonCode};
use notation::verify::{Conclusion, NoVerdict, Verdict, VerificationPolicy};
use serde_json::json;
use testbed::fault::{FaultServer, Reply, Request};
use testbed::test_env::{TestEnv, every, verifier};
use time::OffsetDateTime;

use crate::served::{client, distant_store, serve, store};

async fn verify(
    env: &TestEnv,
    server: &FaultServer,
    target: &Target,
    policy: &VerificationPolicy,
) -> Result<Verdict, NoVerdict> {
    let verifier = verifier(&env.config);
    verifier.verify(&distant_store(server), target, policy, &every(), OffsetDateTime::now_utc()).await
}

fn is_listing(request: &Request) -> bool {
    request.path.contains("/referrers/")
}

/// The kinds of the first two requests: whether they list signatures.
fn first_two(server: &FaultServer) -> Vec<bool> {
    server.seen().iter().take(2).map(is_listing).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signatures_of_a_digest_are_listed_while_it_is_resolved() {
    let env = TestEnv::new().await;
    let signature = env.attach(&env.sign("v1").await.signature.envelope);
    // Neither of the two requests is answered before both are there.
    let arrived = (Mutex::new(0), Condvar::new());
    let image = env.image.digest.to_string();
    let server = serve(&env.layout, &env.image, &[signature], move |request| {
        if !is_listing(request) && !request.path.ends_with(&image) {
            return None;
        }
        let mut count = arrived.0.lock().unwrap();
        *count += 1;
        arrived.1.notify_all();
        let waited = arrived.1.wait_timeout_while(count, Duration::from_secs(5), |count| *count < 2).unwrap().1;
        waited.timed_out().then(|| Reply::status(400))
    });
    let target = Target::Digest(env.image.digest.clone());
    let verdict = verify(&env, &server, &target, &env.trust.clone().into()).await.unwrap();
    assert_eq!(verdict.conclusion(), Conclusion::Verified, "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signatures_of_a_tag_are_listed_once_its_digest_is_known() {
    let env = TestEnv::new().await;
    let signature = env.attach(&env.sign("v1").await.signature.envelope);
    let server = serve(&env.layout, &env.image, &[signature], |_| None);
    let target = Target::Tag("v1".parse().unwrap());
    let verdict = verify(&env, &server, &target, &env.trust.clone().into()).await.unwrap();
    assert_eq!(verdict.conclusion(), Conclusion::Verified);
    assert_eq!(first_two(&server), [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_on_this_machine_is_asked_on_one_connection() {
    let env = TestEnv::new().await;
    let signature = env.attach(&env.sign("v1").await.signature.envelope);
    let server = serve(&env.layout, &env.image, &[signature], |_| None);
    let target = Target::Digest(env.image.digest.clone());
    let (verifier, policy) = (verifier(&env.config), env.trust.clone().into());
    let store = store(&client(), &server);
    let verdict = verifier.verify(&store, &target, &policy, &every(), OffsetDateTime::now_utc()).await.unwrap();
    assert_eq!(verdict.conclusion(), Conclusion::Verified);
    assert_eq!(first_two(&server), [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_are_not_listed_for_a_policy_that_skips() {
    let env = TestEnv::new().await;
    let server = serve(&env.layout, &env.image, &[], |_| None);
    let target = Target::Digest(env.image.digest.clone());
    let skip = env.policy_for(&json!({ "level": "skip" }), &[], &[]);
    let verdict = verify(&env, &server, &target, &skip).await.unwrap();
    assert_eq!(verdict.conclusion(), Conclusion::Skipped);
    assert!(!server.seen().iter().any(is_listing));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_artifact_is_not_found_whatever_the_list_of_its_signatures_says() {
    let env = TestEnv::new().await;
    let signature = env.attach(&env.sign("v1").await.signature.envelope);
    let answers: [fn() -> Option<Reply>; 4] =
        [|| None, || Some(Reply::status(404)), || Some(Reply::status(400)), || Some(Reply::Hang(""))];
    for (number, answer) in answers.into_iter().enumerate() {
        let listed = signature.clone();
        let server = serve(&env.layout, &env.image, &[listed], move |request| {
            if is_listing(request) {
                answer()
            } else {
                // Late: the list is there first.
                std::thread::sleep(Duration::from_millis(50));
                Some(Reply::status(404))
            }
        });
        let began = Instant::now();
        let target = Target::Digest(Digest::sha256(b"absent"));
        let why = verify(&env, &server, &target, &env.trust.clone().into()).await.unwrap_err();
        assert_eq!(why.code(), ReasonCode::NotFound, "{number}: {why:?}");
        assert!(began.elapsed() < Duration::from_secs(8), "{number}: it waited for the list");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_fails_is_no_verdict_on_an_artifact_that_exists() {
    let env = TestEnv::new().await;
    let target = Target::Digest(env.image.digest.clone());
    for (status, code) in [(403, ReasonCode::Denied), (503, ReasonCode::Unreachable)] {
        let server =
            serve(&env.layout, &env.image, &[], move |request| is_listing(request).then(|| Reply::status(status)));
        let why = verify(&env, &server, &target, &env.trust.clone().into()).await.unwrap_err();
        assert_eq!(why.code(), code, "{status}: {why:?}");
    }
}
