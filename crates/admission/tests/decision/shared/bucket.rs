//! The quota that replicas share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use admission::cache::Key;
use admission::config::RevocationSettings;
use admission::decision::{Rate, Shared as _, Token};
use admission::metrics::Metrics;
use notary::ReasonCode;
use notation::revocation::RevocationStatus;
use testbed::redis_server::RedisServer;

use super::asker;
use crate::quota::{ask, aws, questions};
use crate::redis_clients::{Attacker, connected};
use crate::source::Source;

/// Ten calls a second, of all three replicas.
fn settings() -> RevocationSettings {
    let number = |number: u32| number.try_into().unwrap();
    RevocationSettings { rate: number(10), replicas: number(3), ..RevocationSettings::default() }
}

/// The times of all calls, in their order.
fn times(source: &Source, began: Instant) -> Vec<Duration> {
    let mut times: Vec<_> = source.asked().iter().map(|(at, _)| at.into_std().duration_since(began)).collect();
    times.sort();
    times
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn replicas_have_one_rate_together_and_one_alone_has_all_of_it() {
    let (server, source) = (RedisServer::start(), Source::new());
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(asker(&server, &source, &settings(), Duration::ZERO).await);
    }
    let began = Instant::now();
    let mut asked = questions(&aws("us-west-2"), 45);
    let (third, second, first) = (asked.split_off(30), asked.split_off(15), asked);
    tokio::join!(
        ask(&replicas[0].revocations, first),
        ask(&replicas[1].revocations, second),
        ask(&replicas[2].revocations, third),
    );
    let at = times(&source, began);
    // A burst of two seconds, and then ten a second.
    assert!(at[19] < Duration::from_secs(2), "{at:?}");
    for (number, at) in at.iter().enumerate() {
        let due = Duration::from_millis(100) * u32::try_from(number).unwrap().saturating_sub(20);
        assert!(*at >= due.saturating_sub(Duration::from_millis(50)), "call {number} at {at:?}");
    }
    assert!(at[44] < Duration::from_secs(6), "{at:?}");

    // All of the rate, although it is one of three: by itself, it would have 3.3 calls a second.
    let (source, began) = (Source::new(), Instant::now());
    let alone = asker(&server, &source, &settings(), Duration::ZERO).await;
    ask(&alone.revocations, questions(&aws("eu-west-1"), 40)).await;
    let at = times(&source, began);
    assert!(at[39] < Duration::from_secs(6), "{at:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn without_the_server_each_replica_has_its_part() {
    let (mut server, source) = (RedisServer::start(), Source::new());
    let replica = asker(&server, &source, &settings(), Duration::ZERO).await;
    server.kill();
    let began = Instant::now();
    // A burst of six, and then one each 300 ms.
    ask(&replica.revocations, questions(&aws("us-west-2"), 10)).await;
    let at = times(&source, began);
    assert!(at[5] < Duration::from_secs(2) && at[9] > Duration::from_millis(1000), "{at:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn what_does_not_get_a_token_in_time_says_quota_at_once() {
    let (server, source) = (RedisServer::start(), Source::new());
    let replica = asker(&server, &source, &settings(), Duration::ZERO).await;
    let began = Instant::now();
    // 20 at once, and ten a second for less than 8 s.
    let answers = ask(&replica.revocations, questions(&aws("us-west-2"), 130)).await;
    let codes = answers.iter().filter_map(|answer| match answer {
        RevocationStatus::Unknown(failure) => Some(failure.code),
        _ => None,
    });
    let codes: Vec<_> = codes.collect();
    // Some may get a token in time, and have no time left to ask.
    assert!(codes.iter().all(|code| [ReasonCode::Quota, ReasonCode::Deadline].contains(code)), "{codes:?}");
    let (failed, asked) = (codes.iter().filter(|code| **code == ReasonCode::Quota).count(), source.count());
    assert!((25..50).contains(&failed) && (80..=101).contains(&asked), "{failed} failed, {asked} asked");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

/// The bucket has no proof of who filled it. A replica that is told to call at once keeps to the rate all the same.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_bucket_that_is_emptied_or_filled_with_nonsense_permits_no_more_than_the_rate() {
    let (server, source) = (RedisServer::start(), Source::new());
    let replica = asker(&server, &source, &settings(), Duration::ZERO).await;
    let mut attacker = Attacker::of(&server);
    let attack = tokio::task::spawn_blocking(move || {
        let end = Instant::now() + Duration::from_secs(4);
        let values = ["0", "-1", "nan", "inf", "1e300", "99999999999999999999", "", "a"];
        for value in values.iter().cycle() {
            for bucket in attacker.names("bucket") {
                let _: () = attacker.call(&["SET", &bucket, value]);
            }
            std::thread::sleep(Duration::from_millis(5));
            if Instant::now() > end {
                return;
            }
        }
    });
    let began = Instant::now();
    let answers = ask(&replica.revocations, questions(&aws("us-west-2"), 50)).await;
    assert!(answers.iter().all(|answer| matches!(answer, RevocationStatus::NotRevoked(_))), "{answers:?}");
    let at = times(&source, began);
    assert!(at[49] >= Duration::from_millis(2800), "{at:?}");
    attack.await.unwrap();
}

/// Else who can write there could keep replicas from learning of a revocation, and `staleFor` would do the rest.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_bucket_that_a_stranger_keeps_full_leaves_each_replica_its_part() {
    // Full for longer than anyone waits, and for almost as long as they have.
    for ahead in [60_000, 7_800] {
        let (server, source) = (RedisServer::start(), Source::new());
        let replica = asker(&server, &source, &settings(), Duration::ZERO).await;
        ask(&replica.revocations, questions(&aws("us-west-2"), 1)).await;
        let mut attacker = Attacker::of(&server);
        let bucket = attacker.names("bucket").remove(0);
        let now = || (time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000) as u64;
        let fill = move |attacker: &mut Attacker| {
            // The burst of two seconds comes on top.
            let full = ((now() + 2_000 + ahead) * 1000).to_string();
            let _: () = attacker.call(&["SET", &bucket, &full]);
        };
        fill(&mut attacker);
        let attack = tokio::task::spawn_blocking(move || {
            let end = Instant::now() + Duration::from_secs(3);
            while Instant::now() < end {
                fill(&mut attacker);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        source.say(crate::source::revoked());
        let began = Instant::now();
        let mut asked = questions(&aws("us-west-2"), 10);
        let asked = asked.split_off(1);
        let answers = ask(&replica.revocations, asked).await;
        let is_known = |answer: &RevocationStatus| matches!(answer, RevocationStatus::Revoked { .. });
        assert!(answers.iter().all(is_known), "{ahead}: {answers:?}");
        let at = times(&source, began);
        // A burst of six without the one before, and then one each 300 ms.
        assert!(at[8] > Duration::from_millis(800) && at[8] < Duration::from_secs(3), "{ahead}: {at:?}");
        attack.await.unwrap();
    }
}

/// The part is no more than what a replica has anyway.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_bucket_that_is_full_permits_replicas_no_more_than_the_rate_together() {
    let (server, source) = (RedisServer::start(), Source::new());
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(asker(&server, &source, &settings(), Duration::ZERO).await);
    }
    let mut asked = questions(&aws("us-west-2"), 180);
    let (third, second, first) = (asked.split_off(120), asked.split_off(60), asked);
    tokio::join!(
        ask(&replicas[0].revocations, first),
        ask(&replicas[1].revocations, second),
        ask(&replicas[2].revocations, third),
    );
    // 20 at once, and ten a second for eight seconds. One that comes after the others and gets nothing has its part for
    // the half of that; all three would have 57 more.
    assert!((90..=130).contains(&source.count()), "{}", source.count());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn tokens_are_given_in_order_and_none_that_would_come_too_late() {
    let server = RedisServer::start();
    let client = connected(&server, &Metrics::new("0", &[])).await;
    let number = |number: u32| number.try_into().unwrap();
    let rate = Rate::per_second(number(5), number(1));
    let key = Key::of("bucket").key();
    let take = |longest| {
        let client = Arc::clone(&client);
        async move { client.take(key, rate, Duration::from_millis(longest)).await.unwrap() }
    };
    for _ in 0..10 {
        assert_eq!(take(0).await, Token::After(Duration::ZERO));
    }
    let Token::After(first) = take(1000).await else { panic!("too late") };
    let Token::After(second) = take(1000).await else { panic!("too late") };
    assert!(first <= Duration::from_millis(200) && second > first, "{first:?}, {second:?}");
    assert_eq!(take(50).await, Token::TooLate);
    let Token::After(third) = take(1000).await else { panic!("too late") };
    assert!(third <= Duration::from_millis(600) && third > second, "{third:?}");
    // Other credentials or another region.
    assert_eq!(client.take(Key::of("other").key(), rate, Duration::ZERO).await, Some(Token::After(Duration::ZERO)));
}
