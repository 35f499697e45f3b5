//! What a source of revocation status learns before it is asked.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_names::Location;
use notation::revocation::{BoxFuture, Cached, RateLimited, RevocationQuestion, RevocationSource, RevocationStatus};
use notation::verify::{VerificationPolicy, Verifier};
use serde_json::json;
use testbed::test_env::{TestEnv, every};

/// Records the places that it prepares for.
#[derive(Debug, Default)]
struct Prepares(Mutex<Vec<String>>);

impl RevocationSource for Prepares {
    fn status<'a>(&'a self, _question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(std::future::ready(RevocationStatus::NotRevoked("nothing is".to_owned())))
    }

    fn prepare<'a>(&'a self, locations: &'a [Location]) -> BoxFuture<'a, ()> {
        self.0.lock().unwrap().extend(locations.iter().map(ToString::to_string));
        Box::pin(std::future::ready(()))
    }
}

/// Verifies an image, and returns the places that were prepared for, through the layers.
async fn prepared(env: &TestEnv, policy: &VerificationPolicy) -> Vec<String> {
    let source = Arc::<Prepares>::default();
    let limited = RateLimited::new(Arc::clone(&source), NonZeroU32::MAX);
    let verifier = Verifier::with_revocation(Cached::new(limited, Duration::from_secs(60)));
    env.verify_by(policy, &verifier, &every()).await;
    // The runtime of a test has one thread: what was spawned first runs before this.
    tokio::spawn(async {}).await.unwrap();
    source.0.lock().unwrap().clone()
}

#[tokio::test]
async fn the_source_prepares_for_the_trusted_signers_of_aws_signer_only() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let here = env.profile.location().to_string();
    let strict = json!({ "level": "strict" });
    assert_eq!(prepared(&env, &env.trust.clone().into()).await, [here.as_str()]);
    assert_eq!(prepared(&env, &env.policy(&strict)).await, [here.as_str()]);
    assert_eq!(prepared(&env, &env.policy(&json!({ "level": "audit" }))).await, [here.as_str()]);

    let unchecked = json!({ "level": "strict", "override": { "revocation": "skip" } });
    let subject = "x509.subject: C=US, ST=WA, O=Example";
    let profile = env.profile.to_string();
    for policy in [
        env.policy(&unchecked),
        env.policy_for(&json!({ "level": "skip" }), &[], &[]),
        env.policy_for(&strict, &["signingAuthority:local"], &[subject]),
        env.policy_for(&strict, &["signingAuthority:local"], &["*"]),
        // Its signatures are not trusted: no trust store is for them.
        env.policy_for(&strict, &["ca:other"], &[&profile]),
    ] {
        assert_eq!(prepared(&env, &policy).await, [""; 0], "{policy:?}");
    }
}
