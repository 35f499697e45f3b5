//! One replica asks for all.

use std::time::{Duration, Instant};

use notation::revocation::RevocationStatus;
use notation::verify::Signer;
use testbed::redis_server::RedisServer;

use super::{asker, askers, found, settings};
use crate::quota::{ask, aws, questions};
use crate::scene::{LONG, until};
use crate::source::{Source, not_revoked, revoked};

const TTL: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn three_replicas_that_ask_at_the_same_time_call_once_for_each_job() {
    let (server, source) = (RedisServer::start(), Source::new());
    let replicas = askers(&server, &source, Duration::from_secs(60)).await;
    let asked = questions(&aws("us-west-2"), 40);
    let (one, two, three) = tokio::join!(
        ask(&replicas[0].revocations, asked.clone()),
        ask(&replicas[1].revocations, asked.clone()),
        ask(&replicas[2].revocations, asked.clone()),
    );
    for answer in one.iter().chain(&two).chain(&three) {
        assert_eq!(*answer, not_revoked());
    }
    assert_eq!(source.count(), 40);
    let results = ["hit", "shared", "miss"].map(|result| replicas.iter().map(|one| found(&one.metrics, result)).sum());
    let [hits, shared, misses]: [u64; 3] = results;
    assert_eq!((hits + shared, misses), (80, 40));

    // One that starts later asks no one.
    let late = asker(&server, &source, &settings(Duration::from_secs(60)), Duration::ZERO).await;
    ask(&late.revocations, asked.clone()).await;
    assert_eq!((source.count(), found(&late.metrics, "hit")), (40, 40));
}

/// An answer is asked for anew when at least three quarters of its time are over, by one replica.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn replicas_under_load_refresh_each_answer_once() {
    let (server, source) = (RedisServer::start(), Source::new());
    let replicas = askers(&server, &source, TTL).await;
    let (asked, began) = (questions(&aws("us-west-2"), 10), Instant::now());
    let lasts = TTL * 4;
    let load = replicas.iter().map(|replica| {
        let (revocations, asked) = (replica.revocations.clone(), asked.clone());
        tokio::spawn(async move {
            while began.elapsed() < lasts {
                for answer in ask(&revocations, asked.clone()).await {
                    assert_eq!(answer, not_revoked());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    });
    for load in load.collect::<Vec<_>>() {
        load.await.unwrap();
    }
    let (count, jobs) = (source.count() as f64, asked.len() as f64);
    let took = began.elapsed().as_secs_f64() / TTL.as_secs_f64();
    let (fewest, most) = (jobs * (took / 1.0).floor(), jobs * (took / 0.75).ceil());
    assert!((fewest..=most).contains(&count), "{count} calls in {took} times the ttl: expected {fewest} to {most}");
}

/// How old an answer may be is a matter of each replica, and goes by when it was asked for.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_replica_uses_an_answer_of_another_by_its_own_ttl() {
    let (server, source) = (RedisServer::start(), Source::new());
    let patient = asker(&server, &source, &settings(Duration::from_secs(60)), Duration::ZERO).await;
    let hasty = asker(&server, &source, &settings(Duration::from_secs(1)), Duration::ZERO).await;
    let question = questions(&Signer::Certificate, 1);
    ask(&patient.revocations, question.clone()).await;
    ask(&hasty.revocations, question.clone()).await;
    assert_eq!(source.count(), 1);
    source.say(revoked());
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let answer = ask(&hasty.revocations, question.clone()).await.remove(0);
    assert!(matches!(answer, RevocationStatus::Revoked { .. }), "{answer:?}");
    assert_eq!(source.count(), 2);
    // One that knows nothing yet learns it first, although the other answer still counts for it.
    let fresh = asker(&server, &source, &settings(Duration::from_secs(60)), Duration::ZERO).await;
    let answer = ask(&fresh.revocations, question).await.remove(0);
    assert!(matches!(answer, RevocationStatus::Revoked { .. }), "{answer:?}");
    assert_eq!(source.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_replica_that_dies_while_it_asks_holds_up_the_others_only_shortly() {
    let (server, source) = (RedisServer::start(), Source::new());
    let question = questions(&aws("us-west-2"), 1);
    let dying = tokio::runtime::Runtime::new().unwrap();
    let (address, asked) = (&server, &source);
    let doomed = asker(address, asked, &settings(LONG), LONG).await;
    let revocations = doomed.revocations.clone();
    let first = question.clone();
    dying.spawn(async move { ask(&revocations, first).await });
    until(|| source.count() == 1).await;
    // Its tasks end in the middle of what they do.
    dying.shutdown_background();
    let began = Instant::now();
    let survivor = asker(&server, &source, &settings(LONG), Duration::ZERO).await;
    assert_eq!(ask(&survivor.revocations, question).await, [not_revoked()]);
    assert_eq!(source.count(), 2);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server: scripts/test"]
async fn a_slow_question_is_not_asked_again_while_its_replica_lives() {
    let (server, source) = (RedisServer::start(), Source::new());
    let question = questions(&aws("us-west-2"), 1);
    // Longer than a turn that is not prolonged.
    let slow = Duration::from_millis(3000);
    let one = asker(&server, &source, &settings(LONG), slow).await;
    let two = asker(&server, &source, &settings(LONG), slow).await;
    let (one, two) = tokio::join!(ask(&one.revocations, question.clone()), ask(&two.revocations, question));
    assert_eq!((one, two, source.count()), (vec![not_revoked()], vec![not_revoked()], 1));
}
