//! The quota of AWS Signer.

use std::sync::Arc;
use std::time::Duration;

use admission::cache::{Clock, Key};
use admission::config::RevocationSettings;
use admission::decision::{Code, Outcome, RevocationMemory, Revocations};
use admission::metrics::Metrics;
use aws_signer::{ClientPool, SignerAttributes, SignerConfig};
use limits::Deadline;
use notary::ReasonCode;
use notary::envelope::{Envelope, EnvelopeFormat, SigningScheme};
use notation::revocation::{RevocationQuestion, RevocationSource as _, RevocationStatus};
use notation::verify::Signer;
use testbed::own_key::OwnKey;
use testbed::test_env::{TestEnv, add_image};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::scene::{Scene, Tenant, assert_said, assert_verified, until};
use crate::source::Source;

pub const TIME: Duration = Duration::from_secs(8);

pub fn settings(rate: u32, replicas: u32) -> RevocationSettings {
    let number = |number: u32| number.try_into().unwrap();
    RevocationSettings { rate: number(rate), replicas: number(replicas), ..RevocationSettings::default() }
}

pub fn memory() -> Arc<RevocationMemory> {
    Arc::new(RevocationMemory::new(1 << 20, 10_000, Clock::default()))
}

fn revocations(source: &Arc<Source>, memory: &Arc<RevocationMemory>, settings: &RevocationSettings) -> Revocations {
    let clients = ClientPool::new(SignerConfig::default());
    let metrics = Metrics::new("0", &[]);
    Revocations::new(Arc::clone(source), clients, Arc::clone(memory), settings, TIME, metrics)
}

/// Questions whose signing times are their numbers.
pub fn questions(signer: &Signer, count: i64) -> Vec<RevocationQuestion> {
    let folder = tempfile::tempdir().unwrap();
    let image = add_image(&registry::Layout::create(folder.path()).unwrap(), "v1");
    let envelope = OwnKey::new(|_| ()).sign(&image, SigningScheme::X509);
    let now = OffsetDateTime::now_utc();
    let verified = Envelope::parse(EnvelopeFormat::Jws, &envelope).unwrap().verify(now).unwrap();
    let question = RevocationQuestion::new(&verified, signer, now, Deadline::new(TIME));
    let at = |number| OffsetDateTime::from_unix_timestamp(number).unwrap();
    (0..count).map(|number| RevocationQuestion { signing_time: at(number), ..question.clone() }).collect()
}

pub fn aws(region: &str) -> Signer {
    let arn = |rest: &str| format!("arn:aws:signer:{region}:111122223333:/{rest}");
    Signer::AwsSigner(Box::new(SignerAttributes {
        profile_version: arn("signing-profiles/release/ABCDEFGHIJ").parse().unwrap(),
        alias: None,
        job: arn("signing-jobs/0f0e0d0c-0b0a-4900-8807-060504030201").parse().unwrap(),
    }))
}

/// Asks all at the same time, in their order.
pub async fn ask(revocations: &Revocations, questions: Vec<RevocationQuestion>) -> Vec<RevocationStatus> {
    let ask = |question: RevocationQuestion| {
        let revocations = revocations.clone();
        tokio::spawn(async move {
            let (source, _) = revocations.noting(Key::of("test").key(), false);
            source.status(&question).await
        })
    };
    let mut answers = Vec::new();
    for task in questions.into_iter().map(ask).collect::<Vec<_>>() {
        answers.push(task.await.unwrap());
    }
    answers
}

fn milliseconds(source: &Source, began: Instant) -> Vec<u128> {
    source.asked().iter().map(|(at, _)| at.duration_since(began).as_millis()).collect()
}

#[tokio::test(start_paused = true)]
async fn checks_pass_in_their_order_after_a_burst_of_two_seconds() {
    let source = Source::new();
    let began = Instant::now();
    let answers = ask(&revocations(&source, &memory(), &settings(20, 1)), questions(&aws("us-west-2"), 60)).await;
    assert!(answers.iter().all(|answer| matches!(answer, RevocationStatus::NotRevoked(_))), "{answers:?}");
    assert!(source.asked().iter().map(|(_, number)| *number).eq(0..60));
    for (number, at) in milliseconds(&source, began).into_iter().enumerate() {
        let due = u128::try_from(number).unwrap().saturating_sub(39) * 50;
        assert!((due..due + 5).contains(&at), "{number} at {at} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn replicas_divide_the_rate() {
    let source = Source::new();
    let began = Instant::now();
    ask(&revocations(&source, &memory(), &settings(20, 4)), questions(&aws("us-west-2"), 15)).await;
    let at = milliseconds(&source, began);
    assert!(at[9] < 5 && (200..205).contains(&at[10]) && (1000..1005).contains(&at[14]), "{at:?}");
    // A rate below one call a second for each has a burst of one.
    let source = Source::new();
    let began = Instant::now();
    ask(&revocations(&source, &memory(), &settings(1, 3)), questions(&aws("us-west-2"), 2)).await;
    assert!((3000..3005).contains(&milliseconds(&source, began)[1]));
}

#[tokio::test(start_paused = true)]
async fn a_check_whose_turn_comes_too_late_says_quota_at_once_and_takes_no_turn() {
    let source = Source::new();
    let revocations = revocations(&source, &memory(), &settings(1, 1));
    let began = Instant::now();
    // Two at once, and one a second for almost 8 s.
    let answers = ask(&revocations, questions(&aws("us-west-2"), 20)).await;
    let failed = answers.iter().filter(|answer| match answer {
        RevocationStatus::Unknown(failure) => failure.code == ReasonCode::Quota,
        _ => false,
    });
    assert_eq!((failed.count(), source.count()), (11, 9));
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    // They are not remembered, and their turns are free.
    let again = ask(&revocations, questions(&aws("us-west-2"), 20).split_off(19)).await;
    assert!(matches!(again[0], RevocationStatus::NotRevoked(_)), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn only_aws_signer_has_a_quota_and_each_region_its_own() {
    let source = Source::new();
    let revocations = revocations(&source, &memory(), &settings(1, 1));
    let began = Instant::now();
    let (west, east, certificates) = tokio::join!(
        ask(&revocations, questions(&aws("us-west-2"), 2)),
        ask(&revocations, questions(&aws("us-east-1"), 2)),
        ask(&revocations, questions(&Signer::Certificate, 100)),
    );
    assert_eq!((west.len() + east.len() + certificates.len(), source.count()), (104, 104));
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn another_rate_applies_to_all_who_share_the_memory_and_an_equal_one_keeps_its_turns() {
    let (source, memory) = (Source::new(), memory());
    let before = revocations(&source, &memory, &settings(1, 1));
    ask(&before, questions(&aws("us-west-2"), 2)).await;
    assert_eq!(memory.tokens(), Some(0));
    // As a reload does.
    revocations(&source, &memory, &settings(1, 1));
    assert_eq!(memory.tokens(), Some(0));
    revocations(&source, &memory, &settings(50, 1));
    let began = Instant::now();
    ask(&before, questions(&aws("us-west-2"), 60).split_off(10)).await;
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_shorter_ttl_applies_to_answers_that_are_known() {
    let (source, memory) = (Source::new(), memory());
    let question = questions(&Signer::Certificate, 1);
    ask(&revocations(&source, &memory, &settings(1, 1)), question.clone()).await;
    let short = RevocationSettings { ttl: Duration::from_nanos(1), ..settings(1, 1) };
    ask(&revocations(&source, &memory, &short), question).await;
    assert_eq!(source.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_waits_for_the_quota_until_its_deadline_says_quota() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let mut scene = Scene::new("");
    let root = std::fs::read(env.signer.root_certificate()).unwrap();
    std::fs::write(scene.folder.path().join("signer.pem"), root).unwrap();
    scene.reload(&format!(
        "policies: {{aws: {{trustedProfiles: [\"{}\"], roots: [signer.pem]}}}}\nrules: [{{policy: aws, action: \
         enforce}}]\naws: {{revocation: {{rate: 1}}}}",
        env.profile
    ));
    scene.tenants.put(None, Tenant { store: Some(env.store()), ..Tenant::default() });
    // Others have used up what there is for the next 5 s.
    let others = revocations(&scene.source, &scene.memory.revocations(), &settings(1, 1));
    let region = env.profile.to_string().split(':').nth(3).unwrap().to_owned();
    let waiting = tokio::spawn(async move { ask(&others, questions(&aws(&region), 6)).await });
    let memory = scene.memory.revocations();
    until(|| memory.under_way() >= 2 && memory.tokens() == Some(0)).await;
    let image = "registry.example.com/app:v1".to_owned();
    let hasty = scene.ask_in(None, std::slice::from_ref(&image), Duration::from_millis(400)).await.images.remove(0);
    assert_said(&hasty, Outcome::Undetermined, Code::Quota);
    // The patient get their turn.
    assert_verified(&scene.one(&image).await);
    waiting.await.unwrap();
    let metrics = scene.metrics.encode();
    assert!(metrics.contains("quota_wait_seconds"), "{metrics}");
}
