//! TLS, users and keys: who does not have them shares nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use admission::cache::{Clock, Key};
use admission::decision::{Revocations, Shared as _, SharedAnswer};
use admission::metrics::Metrics;
use admission::shared_cache::{Settings, SharedCache};
use notation::verify::Signer;
use testbed::redis_server::{PASSWORD, RedisServer};
use time::OffsetDateTime;

use super::{Slow, found, rejected, settings, value};
use crate::lines::Lines;
use crate::quota::{TIME, ask, aws, memory, questions};
use crate::redis_clients::{Attacker, client, settings as redis};
use crate::scene::LONG;
use crate::source::{Source, not_revoked};

const SOON: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_client_with_the_authority_the_user_and_the_password_is_connected_by_tls() {
    let server = RedisServer::with_tls();
    let (metrics, lines) = (Metrics::new("0", &[]), Lines::default());
    let config = redis(&server);
    let shared = client(&config, &metrics, lines.log());
    assert!(shared.connected(LONG).await, "{}", lines.text());
    let source = Source::new();
    let asking = |shared: SharedCache| {
        let clients = aws_signer::ClientPool::new(aws_signer::SignerConfig::default());
        let slow = Slow(Arc::clone(&source), Duration::ZERO);
        let settings = settings(Duration::from_secs(60));
        let revocations = Revocations::new(slow, clients, memory(), &settings, TIME, metrics.clone());
        revocations.sharing(Some(Arc::new(shared)))
    };
    let question = questions(&Signer::Certificate, 2);
    ask(&asking(shared), question.clone()).await;
    // All commands of the service are permitted to its user: nothing was refused.
    assert_eq!((value(&metrics, "redis_failures_total{reason=\"refused\"}"), value(&metrics, "redis_up")), (0, 1));

    // The keys are replaced: the old one is still believed, and the new one signs.
    let mut rotated = config.clone();
    rotated.key_files.reverse();
    let shared = client(&rotated, &metrics, lines.log());
    assert!(shared.connected(LONG).await);
    ask(&asking(shared), question.clone()).await;
    assert_eq!((source.count(), found(&metrics, "hit"), rejected(&metrics, "forged")), (2, 2, 0));
    let mut other = config.clone();
    other.key_files.remove(0);
    let shared = client(&other, &metrics, lines.log());
    assert!(shared.connected(LONG).await);
    ask(&asking(shared), question).await;
    assert_eq!(source.count(), 4);
    assert!(rejected(&metrics, "forged") >= 2);
    lines.say("its MAC is of none of the keys in cache.redis.keyFiles").await;
    assert_eq!(lines.text().matches("an entry of the shared cache is not believed").count(), 1, "{}", lines.text());
    assert!(!lines.text().contains(PASSWORD) && !format!("{config:?}").contains(PASSWORD), "{}", lines.text());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn others_are_not_connected_and_the_log_says_why_without_secrets() {
    let server = RedisServer::with_tls();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let good = redis(&server);
    let wrong_password =
        admission::config::Redis { password_file: Some(file("password", "wrong-secret")), ..good.clone() };
    let wrong_user = admission::config::Redis { username_file: Some(file("user", "nobody")), ..good.clone() };
    let no_user = admission::config::Redis { username_file: None, ..good.clone() };
    let no_login = admission::config::Redis { username_file: None, password_file: None, ..good.clone() };
    let other_authority = admission::config::Redis { ca: None, ..good.clone() };
    let plain = admission::config::Redis { url: good.url.replace("rediss:", "redis:"), ca: None, ..good.clone() };
    for (config, why) in [
        (wrong_password, "Password authentication failed"),
        (wrong_user, "Password authentication failed"),
        (no_user, "Password authentication failed"),
        (no_login, "Authentication required"),
        (other_authority, "certificate"),
        (plain, "the shared cache is not used"),
    ] {
        let (metrics, lines) = (Metrics::new("0", &[]), Lines::default());
        if Settings::read(&config).is_err() {
            // A machine without certificate authorities says so first.
            continue;
        }
        let shared = client(&config, &metrics, lines.log());
        assert!(!shared.connected(SOON).await, "{why}");
        lines.say(why).await;
        // Once, however often it is tried.
        assert_eq!(lines.text().matches("the shared cache is not used").count(), 1, "{}", lines.text());
        let text = format!("{}{shared:?}{:?}", lines.text(), shared.settings());
        for secret in [PASSWORD, "wrong-secret", "key of the replicas"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

/// Its entries would be from another time, and those of others would count too long.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_replica_whose_clock_is_wrong_shares_nothing() {
    let server = RedisServer::start();
    let (metrics, lines, clock) = (Metrics::new("0", &[]), Lines::default(), Clock::default());
    clock.advance(Duration::from_secs(10));
    let shared = SharedCache::new(Settings::read(&redis(&server)).unwrap(), clock, metrics, lines.log());
    assert!(!shared.connected(SOON).await);
    lines.say("its clock and that of this replica differ by 10.0 s").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_command_that_the_server_refuses_is_counted_and_told_once() {
    // Without memory, or as a replica that only reads, a server refuses to write as it does without the permission.
    for (permission, least) in [("-getrange", 3), ("-set", 3), ("-eval -evalsha", 1)] {
        let server = RedisServer::start();
        let (metrics, lines) = (Metrics::new("0", &[]), Lines::default());
        let shared = Arc::new(client(&redis(&server), &metrics, lines.log()));
        assert!(shared.connected(LONG).await);
        let mut command = vec!["ACL", "SETUSER", "admission"];
        command.extend(permission.split(' '));
        let _: () = Attacker::of(&server).call(&command);
        let source = Source::new();
        let clients = aws_signer::ClientPool::new(aws_signer::SignerConfig::default());
        let slow = Slow(Arc::clone(&source), Duration::ZERO);
        let settings = settings(Duration::from_secs(60));
        let revocations = Revocations::new(slow, clients, memory(), &settings, TIME, metrics.clone());
        let began = Instant::now();
        ask(&revocations.sharing(Some(shared)), questions(&aws("us-west-2"), 3)).await;
        // No one waits for a turn that the server gives to no one.
        assert!(began.elapsed() < Duration::from_secs(2), "{permission}: {:?}", began.elapsed());
        assert_eq!(source.count(), 3);
        assert!(value(&metrics, "redis_failures_total{reason=\"refused\"}") >= least, "{permission}");
        lines.say("the shared cache refuses a command").await;
        assert_eq!(lines.text().matches("the shared cache refuses a command").count(), 1, "{}", lines.text());
    }
}

/// A reload leads to another server. Requests that began before it still have the client of the one before.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn whether_it_is_connected_is_a_matter_of_the_server_in_force() {
    let (mut gone, server) = (RedisServer::start(), RedisServer::start());
    let (metrics, lines) = (Metrics::new("0", &[]), Lines::default());
    let before = client(&redis(&gone), &metrics, lines.log());
    assert!(before.connected(LONG).await);
    let shared = client(&redis(&server), &metrics, lines.log());
    assert!(shared.connected(LONG).await);
    gone.kill();
    lines.say("the shared cache is not used").await;
    // It is tried again and again.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        assert_eq!(value(&metrics, "redis_up"), 1);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A primary that became a replica keeps its connections. The name may lead to the new primary.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_server_that_only_reads_is_connected_anew_but_not_all_the_time() {
    let server = RedisServer::start();
    let (metrics, lines) = (Metrics::new("0", &[]), Lines::default());
    let shared = client(&redis(&server), &metrics, lines.log());
    assert!(shared.connected(LONG).await);
    let mut administrator = Attacker::of(&server);
    let _: () = administrator.call(&["REPLICAOF", "127.0.0.1", "1"]);
    let answer = SharedAnswer { status: not_revoked(), asked: OffsetDateTime::now_utc() };
    let (key, expires) = (Key::of("test").key(), OffsetDateTime::now_utc() + LONG);
    let connections = || lines.text().matches("the shared cache is connected").count();
    let began = Instant::now();
    while connections() < 2 {
        assert!(began.elapsed() < LONG, "{}", lines.text());
        shared.keep_revocation(key, &answer, expires).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(9), "{:?}", began.elapsed());
    lines.say("the server only reads").await;
    for _ in 0..100 {
        shared.keep_revocation(key, &answer, expires).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(connections(), 2, "{}", lines.text());
}
