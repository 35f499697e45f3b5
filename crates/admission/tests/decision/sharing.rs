//! How the decision uses what replicas share, whatever that says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use admission::cache::{Clock, Key};
use admission::config::RevocationSettings;
use admission::decision::{
    Rate, RevocationMemory, Revocations, Shared, SharedAnswer, SharedSignature, Token, Turn, Wanted,
};
use admission::metrics::Metrics;
use aws_signer::{ClientPool, SignerConfig};
use notation::revocation::{BoxFuture, RevocationStatus};
use notation::verify::Signer;
use time::OffsetDateTime;

use crate::quota::{TIME, ask, questions};
use crate::source::{Source, not_revoked, revoked};

const TTL: Duration = Duration::from_secs(300);

/// Says what a test says.
#[derive(Debug, Default)]
struct Scripted {
    known: Mutex<Option<SharedAnswer>>,
    told: Mutex<Option<SharedAnswer>>,
    wanted: Mutex<Vec<Wanted>>,
    kept: Mutex<Vec<(SharedAnswer, OffsetDateTime)>>,
}

impl Shared for Scripted {
    fn revocation<'a>(&'a self, _: Key, wanted: Wanted, _: Duration) -> BoxFuture<'a, Turn> {
        self.wanted.lock().unwrap().push(wanted);
        let known = self.known.lock().unwrap().clone();
        Box::pin(async move { known.map_or(Turn::Ask(None), Turn::Known) })
    }

    fn keep_revocation<'a>(
        &'a self,
        _: Key,
        answer: &'a SharedAnswer,
        expires: OffsetDateTime,
    ) -> BoxFuture<'a, Option<SharedAnswer>> {
        self.kept.lock().unwrap().push((answer.clone(), expires));
        let told = self.told.lock().unwrap().clone();
        Box::pin(async move { told })
    }

    fn signature(&self, _: Key) -> BoxFuture<'_, Option<SharedSignature>> {
        Box::pin(async { None })
    }

    fn keep_signature<'a>(&'a self, _: Key, _: &'a SharedSignature, _: OffsetDateTime) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn take(&self, _: Key, _: Rate, _: Duration) -> BoxFuture<'_, Option<Token>> {
        Box::pin(async { None })
    }
}

struct Replica {
    revocations: Revocations,
    source: Arc<Source>,
    shared: Arc<Scripted>,
    clock: Clock,
}

fn replica() -> Replica {
    let (source, shared, clock) = (Source::new(), Arc::new(Scripted::default()), Clock::default());
    let memory = Arc::new(RevocationMemory::new(1 << 20, 10_000, clock.clone()));
    let settings = RevocationSettings { ttl: TTL, ..RevocationSettings::default() };
    let (clients, metrics) = (ClientPool::new(SignerConfig::default()), Metrics::new("0", &[]));
    let revocations = Revocations::new(Arc::clone(&source), clients, memory, &settings, TIME, metrics);
    let sharing: Arc<dyn Shared> = Arc::<Scripted>::clone(&shared);
    Replica { revocations: revocations.sharing(Some(sharing)), source, shared, clock }
}

fn answer(status: RevocationStatus, clock: &Clock, age: Duration) -> Option<SharedAnswer> {
    Some(SharedAnswer { status, asked: clock.utc() - age })
}

#[tokio::test]
async fn an_answer_of_another_replica_is_used_until_the_own_ttl_after_it_was_asked_for() {
    let Replica { revocations, source, shared, clock } = replica();
    let question = questions(&Signer::Certificate, 1);
    *shared.known.lock().unwrap() = answer(not_revoked(), &clock, TTL - Duration::from_secs(60));
    assert_eq!(ask(&revocations, question.clone()).await, [not_revoked()]);
    assert_eq!(source.count(), 0);
    source.say(revoked());
    *shared.known.lock().unwrap() = None;
    clock.advance(Duration::from_secs(61));
    assert_eq!(ask(&revocations, question).await, [revoked()]);
    let (kept, expires) = shared.kept.lock().unwrap()[0].clone();
    assert_eq!((kept.status, expires - kept.asked), (revoked(), time::Duration::hours(24)));
}

#[tokio::test]
async fn an_answer_that_says_to_be_from_the_future_is_used_as_one_from_now() {
    let Replica { revocations, source, shared, clock } = replica();
    let question = questions(&Signer::Certificate, 1);
    let asked = clock.utc() + Duration::from_secs(100_000);
    *shared.known.lock().unwrap() = Some(SharedAnswer { status: not_revoked(), asked });
    assert_eq!(ask(&revocations, question.clone()).await, [not_revoked()]);
    source.say(revoked());
    *shared.known.lock().unwrap() = None;
    clock.advance(TTL + Duration::from_secs(1));
    assert_eq!(ask(&revocations, question).await, [revoked()]);
}

#[tokio::test]
async fn only_a_newer_answer_replaces_one_that_is_about_to_age() {
    let Replica { revocations, source, shared, clock } = replica();
    let question = questions(&Signer::Certificate, 1);
    ask(&revocations, question.clone()).await;
    let asked = shared.kept.lock().unwrap()[0].0.asked;
    clock.advance(TTL - Duration::from_secs(20));
    // It is refreshed in the background.
    assert_eq!(ask(&revocations, question.clone()).await, [not_revoked()]);
    crate::scene::until(|| source.count() == 2).await;
    let wanted = shared.wanted.lock().unwrap().clone();
    assert_eq!((wanted[0].after, wanted[0].age), (None, TTL));
    let difference = (wanted[1].after.unwrap() - asked).abs();
    assert!(difference < Duration::from_millis(50), "{difference}");
    assert_eq!(wanted[1].age, TTL / 4 * 3);
}

#[tokio::test]
async fn a_revocation_that_another_replica_knows_wins_over_the_own_answer() {
    let Replica { revocations, source, shared, clock } = replica();
    let question = questions(&Signer::Certificate, 1);
    *shared.told.lock().unwrap() = answer(revoked(), &clock, Duration::from_secs(5));
    assert_eq!(ask(&revocations, question.clone()).await, [revoked()]);
    // It is remembered as long as if this replica had learned it.
    *shared.told.lock().unwrap() = None;
    clock.advance(Duration::from_secs(12 * 60 * 60));
    assert_eq!(ask(&revocations, question).await, [revoked()]);
    assert_eq!(source.count(), 1);
}
