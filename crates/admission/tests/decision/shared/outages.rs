//! A server that hangs, is gone, or forgets everything costs time, and no verdict.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use admission::decision::{Code, Outcome, Shared};
use admission::metrics::Metrics;
use notary::envelope::SigningScheme;
use notation::revocation::RevocationStatus;
use testbed::redis_server::RedisServer;
use time::OffsetDateTime;

use super::{found, value};
use crate::redis_clients::{connected, flush};
use crate::scene::{LONG, Replica, STRICT, Scene, ask, said, until};
use crate::source::{not_revoked, revoked};

const CONFIG: &str = "rules: [{name: all, policy: strict, action: enforce}]\n\
                      aws: {revocation: {ttl: 1s, rate: 10000}}\ncache: {tag: 0s, signatures: 0s, unsigned: 0s}";
/// Longer than anything that one decision waits for here.
const PATIENCE: Duration = Duration::from_secs(10);

struct Load {
    ended: Arc<AtomicBool>,
    decisions: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<Duration>>,
}

/// Asks all replicas about all images, again and again, and checks each answer. The tasks return the longest time.
fn load(replicas: &[Arc<Replica>], images: &[(String, Outcome, Option<Code>)]) -> Load {
    let (ended, decisions) = <(Arc<AtomicBool>, Arc<AtomicUsize>)>::default();
    let task = |replica: &Arc<Replica>| {
        let (replica, images) = (Arc::clone(replica), images.to_vec());
        let (ended, decisions) = (Arc::clone(&ended), Arc::clone(&decisions));
        tokio::spawn(async move {
            let mut longest = Duration::ZERO;
            let names: Vec<_> = images.iter().map(|(name, ..)| name.clone()).collect();
            while !ended.load(Ordering::Relaxed) {
                let began = Instant::now();
                let decision = ask(&replica.decider, None, &names, LONG).await;
                longest = longest.max(began.elapsed());
                for (decided, (name, outcome, code)) in decision.images.iter().zip(&images) {
                    assert_eq!(said(decided), (*outcome, *code), "{name}: {decided:?}");
                    assert!(!decided.is_stale);
                }
                decisions.fetch_add(1, Ordering::Relaxed);
            }
            longest
        })
    };
    let tasks = replicas.iter().chain(replicas).map(task).collect();
    Load { ended, decisions, tasks }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_server_that_hangs_dies_or_forgets_under_load_changes_no_verdict() {
    let (scene, mut server) = (Scene::new(""), RedisServer::start());
    let mut images = Vec::new();
    for number in 0..6 {
        let (signed, revoked) = (format!("signed{number}"), format!("revoked{number}"));
        for name in [&signed, &revoked] {
            let image = scene.registry.push("app", name, name);
            scene.registry.attach(&image, &scene.key.sign(&image, SigningScheme::X509));
        }
        scene.registry.push("app", &format!("unsigned{number}"), &format!("unsigned{number}"));
        images.push((scene.registry.name(&format!("app:{signed}")), Outcome::Verified, None));
        images.push((scene.registry.name(&format!("app:unsigned{number}")), Outcome::Refused, Some(Code::Unsigned)));
    }
    // The other key signs what is revoked: the question about it is another one.
    let thumbprint = scene.key.root().der().to_vec();
    let doomed = testbed::own_key::OwnKey::new(|_| ());
    std::fs::write(scene.folder.path().join("doomed.der"), doomed.root().der()).unwrap();
    for number in 0..6 {
        let name = format!("doomed{number}");
        let image = scene.registry.push("app", &name, &name);
        scene.registry.attach(&image, &doomed.sign(&image, SigningScheme::X509));
        images.push((scene.registry.name(&format!("app:{name}")), Outcome::Refused, Some(Code::Revoked)));
    }
    scene.source.say_by(move |question| {
        let root = question.chain.certificates().last().unwrap();
        Some(if root.der() == thumbprint { not_revoked() } else { revoked() })
    });
    let config = format!("{}\n{CONFIG}", STRICT.replace("root.der]", "root.der, doomed.der]"));
    let mut replicas = Vec::new();
    for _ in 0..3 {
        let metrics = Metrics::new("0", &[]);
        let shared: Arc<dyn Shared> = connected(&server, &metrics).await;
        replicas.push(Arc::new(scene.replica(&config, metrics, Some(shared))));
    }
    let load = load(&replicas, &images);
    let is_up = |up: u64| replicas.iter().all(|replica| value(&replica.metrics, "redis_up") == up);
    let goes_on = |load: &Load| {
        let (decisions, before) = (Arc::clone(&load.decisions), load.decisions.load(Ordering::Relaxed));
        let is_broken = load.tasks.iter().any(tokio::task::JoinHandle::is_finished);
        assert!(!is_broken, "a verdict was wrong");
        until(move || decisions.load(Ordering::Relaxed) > before + 12)
    };
    for _ in 0..2 {
        goes_on(&load).await;
        server.hang();
        until(|| is_up(0)).await;
        goes_on(&load).await;
        server.go_on();
        until(|| is_up(1)).await;
        goes_on(&load).await;
        for _ in 0..20 {
            flush(&server);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server.kill();
        until(|| is_up(0)).await;
        goes_on(&load).await;
        server.restart();
        let began = Instant::now();
        until(|| is_up(1)).await;
        assert!(began.elapsed() < Duration::from_secs(5), "connected after {:?}", began.elapsed());
    }
    // It is used again.
    let hits = || replicas.iter().map(|replica| found(&replica.metrics, "hit")).sum::<u64>();
    let before = hits();
    until(|| hits() > before).await;
    load.ended.store(true, Ordering::Relaxed);
    for task in load.tasks {
        let longest = task.await.unwrap();
        assert!(longest < PATIENCE, "{longest:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_server_that_hangs_is_waited_for_a_few_times() {
    let server = RedisServer::start();
    let metrics = Metrics::new("0", &[]);
    let shared = connected(&server, &metrics).await;
    let key = admission::cache::Key::of("test").key();
    let answer = admission::decision::SharedAnswer {
        status: RevocationStatus::NotRevoked(String::new()),
        asked: OffsetDateTime::now_utc(),
    };
    let expires = OffsetDateTime::now_utc() + LONG;
    server.hang();
    let began = Instant::now();
    for _ in 0..200 {
        assert_eq!(shared.keep_revocation(key, &answer, expires).await, None);
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let failures = value(&metrics, "redis_failures_total{reason=\"timeout\"}");
    assert!((3..=5).contains(&failures), "{failures} were waited for");
    server.go_on();
    assert!(shared.connected(LONG).await);
}
