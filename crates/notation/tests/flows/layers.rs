//! The layers around a revocation source: a limit on questions, and a cache of answers.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_signer::RevokedEntity;
use limits::Deadline;
use notary::ReasonCode;
use notary::envelope::{Envelope, EnvelopeFormat, SigningScheme};
use notation::revocation::{BoxFuture, Cached, RateLimited, RevocationQuestion, RevocationSource, RevocationStatus};
use notation::verify::{Reason, Signer, ValidationType, Verifier};
use testbed::own_key::OwnKey;
use testbed::test_env::{TestEnv, add_image, every};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::failed;

/// Answers every question in the same way, and records when each came.
#[derive(Debug)]
struct Recorder {
    answer: RevocationStatus,
    asked: Mutex<Vec<(Instant, OffsetDateTime)>>,
}

impl Recorder {
    fn new(answer: RevocationStatus) -> Arc<Self> {
        Arc::new(Self { answer, asked: Mutex::default() })
    }

    fn not_revoked() -> Arc<Self> {
        Self::new(RevocationStatus::NotRevoked("nothing is".to_owned()))
    }
}

impl RevocationSource for Recorder {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        self.asked.lock().unwrap().push((Instant::now(), question.signing_time));
        Box::pin(std::future::ready(self.answer.clone()))
    }
}

/// A question whose signing time is its number.
fn question(number: i64, time: Duration) -> RevocationQuestion {
    let folder = tempfile::tempdir().unwrap();
    let image = add_image(&registry::Layout::create(folder.path()).unwrap(), "v1");
    let envelope = OwnKey::new(|_| ()).sign(&image, SigningScheme::X509);
    let now = OffsetDateTime::now_utc();
    let verified = Envelope::parse(EnvelopeFormat::Jws, &envelope).unwrap().verify(now).unwrap();
    let question = RevocationQuestion::new(&verified, &Signer::Certificate, now, Deadline::new(time));
    RevocationQuestion { signing_time: OffsetDateTime::from_unix_timestamp(number).unwrap(), ..question }
}

/// Asks the questions at the same time, in this order.
async fn ask(source: &Arc<RateLimited<Arc<Recorder>>>, questions: Vec<RevocationQuestion>) -> Vec<RevocationStatus> {
    let ask = |question: RevocationQuestion| {
        let source = Arc::clone(source);
        tokio::spawn(async move { source.status(&question).await })
    };
    let mut answers = Vec::new();
    for task in questions.into_iter().map(ask).collect::<Vec<_>>() {
        answers.push(task.await.unwrap());
    }
    answers
}

fn limited(source: &Arc<Recorder>, per_second: u32) -> Arc<RateLimited<Arc<Recorder>>> {
    Arc::new(RateLimited::new(Arc::clone(source), NonZeroU32::new(per_second).unwrap()))
}

#[tokio::test(start_paused = true)]
async fn questions_pass_in_their_order_and_evenly_spread() {
    let recorder = Recorder::not_revoked();
    let questions = (0..10).map(|number| question(number, Duration::from_secs(60))).collect();
    let began = Instant::now();
    let answers = ask(&limited(&recorder, 10), questions).await;
    assert!(answers.iter().all(|answer| matches!(answer, RevocationStatus::NotRevoked(_))), "{answers:?}");
    let asked = recorder.asked.lock().unwrap();
    assert!(asked.iter().map(|(_, number)| number.unix_timestamp()).eq(0..10), "{asked:?}");
    for (position, (at, _)) in asked.iter().enumerate() {
        let due = Duration::from_millis(100) * u32::try_from(position).unwrap();
        let late = at.duration_since(began).checked_sub(due);
        assert!(
            late.is_some_and(|late| late <= Duration::from_millis(5)),
            "{position}: {:?}",
            at.duration_since(began)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn questions_whose_turn_comes_too_late_are_throttled_at_once() {
    let recorder = Recorder::not_revoked();
    let limited = limited(&recorder, 1);
    let patient = Duration::from_secs(600);
    let hasty = Duration::from_secs(30);
    // The first 31 turns are within 30 s. The others take none.
    let mut questions: Vec<_> = (0..31).map(|number| question(number, patient)).collect();
    questions.extend((31..40).map(|number| question(number, hasty)));
    questions.push(question(40, patient));
    let began = Instant::now();
    let last = {
        let late = questions.split_off(31);
        let limited = Arc::clone(&limited);
        let early = {
            let limited = Arc::clone(&limited);
            tokio::spawn(async move { ask(&limited, questions).await })
        };
        tokio::task::yield_now().await;
        let late = tokio::spawn(async move {
            let mut late = late;
            let last = late.pop().unwrap();
            let answers = ask(&limited, late).await;
            (answers, Instant::now(), limited.status(&last).await)
        });
        let (answers, at, last) = late.await.unwrap();
        for answer in &answers {
            let RevocationStatus::Unknown(failure) = answer else { panic!("{answer:?}") };
            assert_eq!(failure.code, ReasonCode::Quota);
        }
        assert_eq!((answers.len(), at.duration_since(began)), (9, Duration::ZERO));
        early.await.unwrap();
        last
    };
    assert!(matches!(last, RevocationStatus::NotRevoked(_)), "{last:?}");
    let asked = recorder.asked.lock().unwrap();
    assert_eq!(asked.len(), 32);
    let after = asked[31].0.duration_since(began);
    assert!((Duration::from_secs(31)..Duration::from_secs(32)).contains(&after), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_asks_any_source_inside_a_limit() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let policy = env.trust.clone().into();
    let quick = NonZeroU32::new(1000).unwrap();

    let recorder = Recorder::not_revoked();
    let verifier = Verifier::with_revocation(RateLimited::new(Arc::clone(&recorder), quick));
    assert!(env.verify_by(&policy, &verifier, &every()).await.is_verified());
    assert_eq!(recorder.asked.lock().unwrap().len(), 1);

    let entities = vec![RevokedEntity::Other("everything".to_owned())];
    let message = "revoked: everything".to_owned();
    let recorder = Recorder::new(RevocationStatus::Revoked { entities: entities.clone(), message: message.clone() });
    let verifier = Verifier::with_revocation(RateLimited::new(recorder, quick));
    let verdict = env.verify_by(&policy, &verifier, &every()).await;
    assert_eq!(failed(&verdict, ValidationType::Revocation), Reason::Revoked { entities, message });
}

#[tokio::test(start_paused = true)]
async fn a_cache_asks_once_for_equal_questions_until_the_answer_is_old() {
    let recorder = Recorder::not_revoked();
    let cached = Arc::new(Cached::new(Arc::clone(&recorder), Duration::from_secs(60)));
    let first = question(1, Duration::from_secs(600));
    let other = RevocationQuestion { signing_time: first.signing_time + Duration::from_secs(1), ..first.clone() };
    let asked = || recorder.asked.lock().unwrap().len();
    let (one, two) = tokio::join!(cached.status(&first), cached.status(&first));
    assert_eq!((asked(), &one), (1, &two));
    cached.status(&other).await;
    assert_eq!(asked(), 2);
    tokio::time::advance(Duration::from_secs(59)).await;
    cached.status(&first).await;
    assert_eq!(asked(), 2);
    tokio::time::advance(Duration::from_secs(1)).await;
    cached.status(&first).await;
    assert_eq!(asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cache_does_not_remember_unknown_answers() {
    let failure = notation::Failure::new(ReasonCode::Unreachable, "no answer");
    let recorder = Recorder::new(RevocationStatus::Unknown(failure));
    let cached = Cached::new(Arc::clone(&recorder), Duration::from_secs(60));
    let question = question(1, Duration::from_secs(600));
    for asked in 1..=3 {
        assert!(matches!(cached.status(&question).await, RevocationStatus::Unknown(_)));
        assert_eq!(recorder.asked.lock().unwrap().len(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cache_does_not_answer_for_another_time_of_judgement() {
    let recorder = Recorder::not_revoked();
    let cached = Cached::new(Arc::clone(&recorder), Duration::from_secs(60));
    let first = question(1, Duration::from_secs(600));
    let asked = || recorder.asked.lock().unwrap().len();
    for (seconds, expected) in [(0, 1), (60, 1), (61, 2), (61, 2), (0, 3), (-60, 3), (-61, 4)] {
        let question = RevocationQuestion { now: first.now + time::Duration::seconds(seconds), ..first.clone() };
        cached.status(&question).await;
        assert_eq!(asked(), expected, "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn layers_need_no_limit_of_time() {
    let recorder = Recorder::not_revoked();
    let limited = RateLimited::new(Arc::clone(&recorder), NonZeroU32::MIN);
    let cached = Cached::new(limited, Duration::MAX);
    let answer = cached.status(&question(1, Duration::MAX)).await;
    assert_eq!(
        (&answer, &answer),
        (&RevocationStatus::NotRevoked("nothing is".to_owned()), &cached.status(&question(1, Duration::MAX)).await)
    );
}
