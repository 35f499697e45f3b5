//! Credentials that come and go, sessions, and presigned URLs.

use std::path::Path;

use local_signer::clock::Clock;
use local_signer::principals::PrincipalStore;
use time::OffsetDateTime;

use super::*;

fn dir(world: &World) -> &Path {
    world.signer.credentials_file().unwrap().parent().unwrap()
}

#[tokio::test]
async fn a_running_service_accepts_and_forgets_principals_at_once() {
    let world = World::start().await;
    let store = PrincipalStore::open(dir(&world)).unwrap();
    let new = NewPrincipal::user("alice".parse().unwrap()).with_policy("all", ALL.as_bytes());
    let alice = world.client(&store.add(new).unwrap());
    alice.call("GET", "/signing-jobs", None).await.done();
    store.remove(&"alice".parse().unwrap()).unwrap();
    let refused = alice.call("GET", "/signing-jobs", None).await;
    let expected = (403, "UnrecognizedClientException", "The security token included in the request is invalid.");
    assert_eq!(refused.error(), expected);
    world.signer.shutdown().await;
}

#[tokio::test]
async fn sessions_need_their_token_and_expire() {
    let world = World::start().await;
    let role = |name: &str, expires| {
        let new = NewPrincipal::role(name.parse().unwrap()).with_policy("all", ALL.as_bytes());
        world.signer.principals().add(new.expiring(expires)).unwrap()
    };
    let now = OffsetDateTime::now_utc();
    let valid = role("Valid", now + time::Duration::hours(1));
    world.client(&valid).call("GET", "/signing-jobs", None).await.done();
    let without = Credentials::new(valid.access_key_id(), valid.secret_access_key()).unwrap();
    let forged = without.clone().with_session_token(&"A".repeat(128)).unwrap();
    for credentials in [without, forged] {
        let refused = world.client(&credentials).call("GET", "/signing-jobs", None).await;
        assert_eq!(refused.error().1, "UnrecognizedClientException");
    }
    let expired = role("Expired", now - time::Duration::seconds(1));
    let refused = world.client(&expired).call("GET", "/signing-jobs", None).await;
    let expected = (403, "ExpiredTokenException", "The security token included in the request is expired");
    assert_eq!(refused.error(), expected);
    world.signer.shutdown().await;
}

#[tokio::test]
async fn presigned_urls_work_with_the_permissions_of_their_signer() {
    let world = World::start().await;
    put_profile(&world.root(), "Prod", json!({})).await;
    let new = NewPrincipal::role("Reader".parse().unwrap()).with_policy(
        "read",
        br#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["signer:Get*","signer:List*"],"Resource":"*"}}"#,
    );
    let reader = world.add(new);
    let profile = reader.call_presigned("GET", "/signing-profiles/Prod?profileOwner=111122223333").await;
    assert_eq!(profile.done()["profileName"], "Prod");
    reader.call_presigned("GET", "/signing-jobs?maxResults=1").await.done();
    let cancel = reader.call_presigned("DELETE", "/signing-profiles/Prod").await;
    cancel.is_denied("because no identity-based policy allows the signer:CancelSigningProfile action");
    // The URL of one request is no other's.
    let host = [("host".to_owned(), world.signer.address().to_string())];
    let url = reader.presigned("GET", "/signing-profiles/Prod");
    for (method, target) in [("DELETE", url.clone()), ("GET", url.replace("Prod", "Test"))] {
        let refused = reader.send(method, &target, &host, "").await;
        assert_eq!(refused.error().1, "InvalidSignatureException", "{method} {target}");
    }
    world.signer.shutdown().await;
}

#[tokio::test]
async fn a_damaged_file_does_not_lock_principals_out() {
    let world = World::start().await;
    let alice = world.user("alice", ALL);
    std::fs::write(dir(&world).join("principals.json"), "{").unwrap();
    alice.call("GET", "/signing-jobs", None).await.done();
    world.root().call("GET", "/signing-jobs", None).await.done();
    world.signer.shutdown().await;
}

#[tokio::test]
async fn the_signing_clock_is_the_time_of_conditions() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::starting_at(time::macros::datetime!(2024-01-01 00:00:00 UTC)).unwrap();
    let options = Options { clock, ..Options::new(folder.path().join("signer")) };
    let world = World { signer: LocalSigner::start(options).await.unwrap(), _folder: folder };
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"signer:*","Resource":"*",
        "Condition":{"DateLessThan":{"aws:CurrentTime":"2024-06-01T00:00:00Z"}}}}"#;
    world.user("alice", policy).call("GET", "/signing-jobs", None).await.done();
    world.signer.shutdown().await;
}
