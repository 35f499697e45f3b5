//! Who can write to Redis, and does not know the keys, changes no verdict for the better.

use std::time::{Duration, Instant};

use admission::cache::Key;
use admission::decision::{Shared as _, SharedAnswer, Turn, Wanted};
use notation::revocation::RevocationStatus;
use notation::verify::Signer;
use testbed::redis_server::RedisServer;
use time::OffsetDateTime;

use super::{asker, rejected, settings};
use crate::quota::{ask, aws, questions};
use crate::redis_clients::{Attacker, flush};
use crate::source::{Source, not_revoked, revoked};

const LONG_TTL: Duration = Duration::from_secs(600);

/// Whether the answer is that something is revoked.
fn is_revoked(answers: &[RevocationStatus]) -> bool {
    answers.iter().all(|answer| matches!(answer, RevocationStatus::Revoked { .. }))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn forged_moved_cut_and_foreign_entries_are_ignored_and_counted() {
    let (server, source) = (RedisServer::start(), Source::new());
    let writer = asker(&server, &source, &settings(LONG_TTL), Duration::ZERO).await;
    let mut both = questions(&Signer::Certificate, 2);
    let (second, first) = (both.split_off(1), both);
    ask(&writer.revocations, first.clone()).await;
    let mut attacker = Attacker::of(&server);
    let of_first = attacker.names("not-revoked").remove(0);
    let good: Vec<u8> = attacker.call(&["GET", &of_first]);
    // The name of the second one is known after someone has asked for it.
    ask(&writer.revocations, second.clone()).await;
    let of_second = attacker.names("not-revoked").into_iter().find(|name| *name != of_first).unwrap();
    source.say(revoked());
    flush(&server);
    let other = asker(&server, &source, &settings(LONG_TTL), Duration::ZERO).await;
    ask(&other.revocations, second.clone()).await;
    let of_revoked = attacker.names("revoked").remove(0);
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    let mut later = good.clone();
    // The first byte of the expiry: it would count for ever.
    later[42] = 0x7f;
    let (cut, doubled) = (good[..good.len() - 1].to_vec(), [good.clone(), good.clone()].concat());
    let attacks = [
        (good, "moved"),
        (changed, "forged"),
        (later, "forged"),
        (cut, "forged"),
        (doubled, "forged"),
        (b"{\"message\":\"not revoked\"}".to_vec(), "malformed"),
        (vec![0; 1 << 20], "malformed"),
    ];
    for (entry, reason) in attacks {
        for name in [&of_second, &of_revoked] {
            flush(&server);
            let _: () = attacker.bytes(&["SET", name], &entry);
            let before = source.count();
            let victim = asker(&server, &source, &settings(LONG_TTL), Duration::ZERO).await;
            let answers = ask(&victim.revocations, second.clone()).await;
            assert!(is_revoked(&answers), "{reason}: {answers:?}");
            assert_eq!(source.count(), before + 1);
            assert!(rejected(&victim.metrics, reason) >= 1, "{reason}\n{}", victim.metrics.encode());
        }
    }
    // Values of other types.
    for command in [["LPUSH", &*of_second, "a"], ["SADD", &*of_revoked, "a"]] {
        flush(&server);
        let _: i64 = attacker.call(&command);
        let victim = asker(&server, &source, &settings(LONG_TTL), Duration::ZERO).await;
        assert!(is_revoked(&ask(&victim.revocations, second.clone()).await));
        assert!(rejected(&victim.metrics, "malformed") >= 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn an_entry_that_is_put_back_after_its_time_is_ignored_and_counted() {
    let (server, source) = (RedisServer::start(), Source::new());
    let ttl = settings(Duration::from_secs(1));
    let writer = asker(&server, &source, &ttl, Duration::ZERO).await;
    let question = questions(&Signer::Certificate, 1);
    ask(&writer.revocations, question.clone()).await;
    let mut attacker = Attacker::of(&server);
    let name = attacker.names("not-revoked").remove(0);
    let entry: Vec<u8> = attacker.call(&["GET", &name]);
    source.say(revoked());
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(attacker.names("not-revoked").is_empty(), "the server forgets entries whose time is over");
    let _: () = attacker.bytes(&["SET", &name], &entry);
    // Its own ttl would permit the answer.
    let victim = asker(&server, &source, &settings(LONG_TTL), Duration::ZERO).await;
    assert!(is_revoked(&ask(&victim.revocations, question.clone()).await));
    assert_eq!((source.count(), rejected(&victim.metrics, "expired")), (2, 1));
    // Put back again beside the revocation, it hides nothing.
    let _: () = attacker.bytes(&["SET", &name], &entry);
    let victim = asker(&server, &source, &settings(LONG_TTL), Duration::ZERO).await;
    assert!(is_revoked(&ask(&victim.revocations, question).await));
    assert_eq!(source.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_revocation_is_hidden_by_no_answer_that_another_replica_writes_before_or_after() {
    let (server, source) = (RedisServer::start(), Source::new());
    let one = asker(&server, &source, &settings(LONG_TTL), Duration::ZERO).await;
    let two = asker(&server, &source, &settings(LONG_TTL), Duration::ZERO).await;
    let key = Key::of("test").key();
    let now = OffsetDateTime::now_utc();
    let expires = now + LONG_TTL;
    let wanted = Wanted { after: None, age: LONG_TTL };
    let good = |asked| SharedAnswer { status: not_revoked(), asked };
    let bad = SharedAnswer { status: revoked(), asked: now };
    let looks = |replica: &super::Asker| {
        let shared = std::sync::Arc::clone(&replica.shared);
        async move {
            match shared.revocation(key, wanted, Duration::ZERO).await {
                Turn::Known(answer) => answer.status,
                Turn::Ask(_) => panic!("there is an answer"),
            }
        }
    };
    assert_eq!(one.shared.keep_revocation(key, &good(now - Duration::from_secs(5)), expires).await, None);
    assert_eq!(looks(&two).await, not_revoked());
    assert_eq!(two.shared.keep_revocation(key, &bad, now + Duration::from_secs(86_400)).await, None);
    assert_eq!(looks(&one).await, revoked());
    // A slow replica asked before the revocation and writes after it; another one's answer is newer. Both learn of it.
    for asked in [now - Duration::from_secs(1), now + Duration::from_secs(1)] {
        let told = one.shared.keep_revocation(key, &good(asked), expires).await.unwrap();
        assert_eq!(told.status, revoked());
        assert_eq!((looks(&one).await, looks(&two).await), (revoked(), revoked()));
    }
}

/// The turn has no proof of its holder: it only decides who asks first.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_turn_that_a_stranger_holds_for_ever_costs_half_of_the_time() {
    let (server, source) = (RedisServer::start(), Source::new());
    let question = questions(&aws("us-west-2"), 1);
    let mut attacker = Attacker::of(&server);
    // The name of a turn is that of the question.
    let taking = tokio::task::spawn_blocking(move || {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(turn) = attacker.names("turn").pop() {
                let _: () = attacker.call(&["SET", &turn, "mallory"]);
                return attacker;
            }
            assert!(Instant::now() < end, "no one takes a turn");
        }
    });
    let slow = asker(&server, &source, &settings(LONG_TTL), Duration::from_secs(1)).await;
    ask(&slow.revocations, question.clone()).await;
    let mut attacker = taking.await.unwrap();
    let turn = attacker.names("turn").remove(0);
    for name in attacker.names("not-revoked") {
        let _: i64 = attacker.call(&["DEL", &name]);
    }
    let before = source.count();
    let victim = asker(&server, &source, &settings(LONG_TTL), Duration::ZERO).await;
    let began = Instant::now();
    assert_eq!(ask(&victim.revocations, question).await, [not_revoked()]);
    assert_eq!(source.count(), before + 1);
    // Half of eight seconds.
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    let holder: String = attacker.call(&["GET", &turn]);
    assert_eq!(holder, "mallory");
}
