//! Images judged by several replicas.

use std::sync::Arc;

use admission::decision::{Code, Outcome, Shared};
use admission::metrics::Metrics;
use testbed::redis_server::RedisServer;

use super::{found, rejected};
use crate::redis_clients::{Attacker, connected};
use crate::registry::Asked;
use crate::scene::{ENFORCE, LONG, Replica, STRICT, Scene, Tenant, ask, assert_said, assert_verified};

async fn replica(scene: &Scene, server: &RedisServer) -> Replica {
    let metrics = Metrics::new("0", &[]);
    let shared: Arc<dyn Shared> = connected(server, &metrics).await;
    scene.replica(&format!("{STRICT}\n{ENFORCE}"), metrics, Some(shared))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_signature_is_read_from_the_registry_by_one_replica() {
    let (scene, server) = (Scene::new(""), RedisServer::start());
    scene.signed();
    for _ in 0..3 {
        let replica = replica(&scene, &server).await;
        let decision = ask(&replica.decider, None, &[scene.app()], LONG).await;
        assert_verified(&decision.images[0]);
    }
    assert_eq!((scene.registry.count(Asked::Signature), scene.registry.count(Asked::Envelope)), (1, 1));
    // Tags and lists are asked for by each: they change.
    assert_eq!((scene.registry.count(Asked::Image), scene.registry.count(Asked::List)), (3, 3));
    assert_eq!(scene.source.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn what_was_read_with_one_credential_is_not_found_with_another() {
    let (scene, server) = (Scene::new(""), RedisServer::start());
    scene.signed();
    scene.registry.protect("app", "alice", "hunter2");
    let alice = |id| Tenant { id, password: Some(("alice", "hunter2")), ..Tenant::default() };
    scene.tenants.put(Some("a"), alice("alice"));
    scene.tenants.put(Some("b"), alice("the same credential in another Secret"));
    scene.tenants.put(Some("c"), Tenant { id: "mallory", password: Some(("mallory", "guess")), ..Tenant::default() });
    let (one, two) = (replica(&scene, &server).await, replica(&scene, &server).await);
    assert_verified(&ask(&one.decider, Some("a"), &[scene.app()], LONG).await.images[0]);
    let before = scene.registry.count(Asked::Envelope);
    let refused = ask(&two.decider, Some("c"), &[scene.app()], LONG).await;
    assert_said(&refused.images[0], Outcome::Undetermined, Code::Credentials);
    assert_verified(&ask(&two.decider, Some("b"), &[scene.app()], LONG).await.images[0]);
    assert!(scene.registry.count(Asked::Envelope) > before, "it was read with the other credential");
    // The server knows no names.
    let mut attacker = Attacker::of(&server);
    for name in attacker.names("signature") {
        let value: Vec<u8> = attacker.call(&["GET", &name]);
        let text = String::from_utf8_lossy(&value);
        assert!(
            !["alice", "hunter2", "Secret"].iter().any(|word| name.contains(word) || text.contains(word)),
            "{text}"
        );
    }
}

/// A signature from the server is checked as that of a registry is.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn an_entry_of_another_signature_is_read_from_the_registry_again() {
    let (scene, server) = (Scene::new(""), RedisServer::start());
    let image = scene.signed();
    let unsigned = scene.registry.push("app", "unsigned", "other content");
    // The trusted signer has signed something else.
    let other = scene.registry.push("app", "other", "third content");
    scene.registry.attach(&other, &scene.key.sign(&other, notary::envelope::SigningScheme::X509));
    let one = replica(&scene, &server).await;
    assert_verified(&ask(&one.decider, None, &[scene.app()], LONG).await.images[0]);
    assert_verified(&ask(&one.decider, None, &[scene.by_digest(&other)], LONG).await.images[0]);
    let mut attacker = Attacker::of(&server);
    let names = attacker.names("signature");
    let entries: Vec<Vec<u8>> = names.iter().map(|name| attacker.call(&["GET", name])).collect();
    assert_eq!(entries.len(), 2);
    for (name, entry) in names.iter().zip(entries.iter().rev()) {
        let _: () = attacker.bytes(&["SET", name], entry);
    }
    let two = replica(&scene, &server).await;
    let images = [scene.by_digest(&image), scene.by_digest(&other), scene.by_digest(&unsigned)];
    let decision = ask(&two.decider, None, &images, LONG).await;
    assert_verified(&decision.images[0]);
    assert_verified(&decision.images[1]);
    assert_said(&decision.images[2], Outcome::Refused, Code::Unsigned);
    assert_eq!((rejected(&two.metrics, "moved"), found(&two.metrics, "miss")), (2, 2));
}
