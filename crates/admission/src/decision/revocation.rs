//! Revocation checks: an answer is remembered, asked for once by all who want it, refreshed before its time is over,
//! and asked for within the quota of AWS Signer.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_names::Region;
use aws_signer::{ClientPool, RevokedEntity};
use limits::Deadline;
use notary::{Advice, ReasonCode};
use notation::Failure;
use notation::revocation::{RevocationQuestion, RevocationSource, RevocationStatus};
use notation::verify::Signer;

use super::judge::UNDETERMINED;
use super::noting::{Noted, Noting};
use super::quota::{Quota, Rate, Rates, SharedBucket};
use super::reasons::response;
use super::shared::{Shared, SharedAnswer, Turn, Wanted};
use crate::cache::{Bounded, Clock, Flights, Key, Progress, Remembered, Weight};
use crate::config::RevocationSettings;
use crate::metrics::{CacheName, CacheResult, Metrics, Operation, Stage, Upstream};

/// A revocation is not taken back.
const REVOKED: Duration = Duration::from_secs(24 * 60 * 60);

/// The answers that are remembered, and the questions under way.
#[derive(Debug)]
pub struct RevocationMemory {
    answers: Bounded<Answer>,
    flights: Flights<RevocationStatus>,
    pub(super) quota: Quota,
    clock: Clock,
}

/// A known answer.
#[derive(Debug, Clone)]
enum Answer {
    NotRevoked { message: Arc<str>, asked: Instant },
    Revoked { entities: Vec<RevokedEntity>, message: String },
}

impl Weight for Answer {
    fn heap(&self) -> usize {
        match self {
            // Shared with the other answers of the region, mostly.
            Self::NotRevoked { .. } => 16,
            Self::Revoked { entities, message } => entities.len() * 256 + message.len(),
        }
    }
}

impl RevocationMemory {
    /// Memory of this size, which goes by `clock`.
    #[must_use]
    pub fn new(bytes: usize, entries: usize, clock: Clock) -> Self {
        Self { answers: Bounded::new(bytes, entries), flights: Flights::default(), quota: Quota::default(), clock }
    }

    /// Its entries and their bytes.
    #[must_use]
    pub fn size(&self) -> (usize, u64) {
        self.answers.size()
    }

    /// How many questions are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.flights.len()
    }

    /// The number of calls that can be made at once in the region where it is least.
    #[must_use]
    pub fn tokens(&self) -> Option<u32> {
        self.quota.tokens()
    }
}

/// Answers about revocation. Clones share everything.
#[derive(Debug, Clone)]
pub struct Revocations {
    inner: Arc<Inner>,
    /// What is shared with other replicas.
    shared: Option<Arc<dyn Shared>>,
}

#[derive(Debug)]
struct Inner {
    source: Arc<dyn RevocationSource>,
    clients: ClientPool,
    memory: Arc<RevocationMemory>,
    ttl: Duration,
    /// The time for one question.
    time: Duration,
    metrics: Metrics,
    messages: Mutex<Option<Arc<str>>>,
}

impl Revocations {
    /// Asks `source`, whose calls `clients` make, with these settings. The rate applies to all who share the memory.
    #[must_use]
    pub fn new(
        source: impl RevocationSource,
        clients: ClientPool,
        memory: Arc<RevocationMemory>,
        settings: &RevocationSettings,
        time: Duration,
        metrics: Metrics,
    ) -> Self {
        let rate = |replicas| Rate::per_second(settings.rate, replicas);
        memory.quota.set_rates(Rates { part: rate(settings.replicas), whole: rate(NonZeroU32::MIN) });
        let inner = Inner {
            source: Arc::new(source),
            clients,
            memory,
            ttl: settings.ttl,
            time,
            metrics,
            messages: Mutex::default(),
        };
        Self { inner: Arc::new(inner), shared: None }
    }

    /// Shares answers and the quota with other replicas, and so do the clones of the result.
    #[must_use]
    pub fn sharing(self, shared: Option<Arc<dyn Shared>>) -> Self {
        Self { shared, ..self }
    }

    /// What is shared with other replicas.
    pub(super) fn shared_memory(&self) -> Option<Arc<dyn Shared>> {
        self.shared.clone()
    }

    /// How long an answer is used.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.inner.ttl
    }

    /// A source for one verification, which notes until when its answers may be used.
    #[must_use]
    pub fn noting(&self, verification: Key, is_refresh: bool) -> (Noting, Arc<Mutex<Noted>>) {
        Noting::new(self.clone(), verification, is_refresh)
    }

    /// The answer, and until when it may be used. An answer that is about to age is refreshed. Only a refresh waits for
    /// that, because no request waits for it.
    pub(super) async fn answer(
        &self,
        question: &RevocationQuestion,
        verification: Key,
        is_refresh: bool,
    ) -> (RevocationStatus, Noted) {
        let key = self.key(question);
        let Inner { memory, metrics, .. } = &*self.inner;
        let _time = metrics.time_stage(Stage::Revocation);
        let now = memory.clock.now();
        if let Some((known, until)) = self.known(&key, now) {
            metrics.cache(CacheName::Revocation, CacheResult::Hit);
            let is_due = known.is_due(now);
            if is_due && !is_refresh {
                memory.flights.start(key, || self.clone().ask(key, question.clone()));
            }
            if !is_due || !is_refresh {
                return (status(&known.value), Noted::known(until));
            }
        }
        let _awaiting = memory.quota.awaiting(verification, key);
        let asked = memory.flights.join(key, || self.clone().ask(key, question.clone()));
        let Some((answer, is_shared)) = question.deadline.run(asked).await else {
            return self.known_or(&key, RevocationStatus::Unknown(Failure::deadline(question.deadline)));
        };
        let result = if is_shared { CacheResult::Shared } else { CacheResult::Miss };
        metrics.cache(CacheName::Revocation, result);
        let answer = answer.unwrap_or_else(|| {
            RevocationStatus::Unknown(Failure::new(ReasonCode::Internal, "the revocation check failed unexpectedly"))
        });
        self.known_or(&key, answer)
    }

    /// The answer with the time until which it may be used. If it says nothing, that which is remembered is as good as
    /// before.
    fn known_or(&self, key: &Key, answer: RevocationStatus) -> (RevocationStatus, Noted) {
        let now = self.inner.memory.clock.now();
        match (self.known(key, now), &answer) {
            (Some((known, until)), RevocationStatus::Unknown(_)) => (status(&known.value), Noted::known(until)),
            (Some((_, until)), _) => (answer, Noted::known(until)),
            // Others may have verified meanwhile, or the policy does without: that is not found out anew at once.
            (None, RevocationStatus::Unknown(_)) => (answer, Noted { used: Some(now + UNDETERMINED), known: None }),
            // It was not kept, because there is no room.
            (None, _) => (answer, Noted { used: Some(now), known: None }),
        }
    }

    /// The answer that is remembered, and until when it may be used: since it was asked for, and by these settings.
    fn known(&self, key: &Key, now: Instant) -> Option<(Arc<Remembered<Answer>>, Instant)> {
        let known = self.inner.memory.answers.get(key, now)?;
        let until = match &known.value {
            Answer::NotRevoked { asked, .. } => known.until().min(*asked + self.inner.ttl),
            Answer::Revoked { .. } => known.until(),
        };
        (now < until).then_some((known, until))
    }

    /// Asks the source within the quota, and remembers what it knows.
    async fn ask(self, key: Key, question: RevocationQuestion) -> RevocationStatus {
        let Inner { source, memory, metrics, .. } = &*self.inner;
        let now = memory.clock.now();
        if let Some((known, _)) = self.known(&key, now).filter(|(known, _)| !known.is_due(now)) {
            return status(&known.value);
        }
        let deadline = Deadline::new(self.inner.time);
        let question = RevocationQuestion { deadline, ..question };
        let _turn = match self.shared_answer(&key, deadline).await {
            Turn::Known(answer) => return self.adopt(key, &answer),
            Turn::Ask(turn) => turn,
        };
        if let Some(failure) = self.wait_for_quota(key, &question).await {
            self.postpone(&key);
            return RevocationStatus::Unknown(failure);
        }
        let (asked, began) = (memory.clock.now(), Instant::now());
        Progress::asks(match (&question.signer, self.region(&question)) {
            (Signer::AwsSigner(_), Some(region)) => format!("AWS Signer in {region}"),
            (Signer::AwsSigner(_), None) => "AWS Signer".to_owned(),
            (Signer::Certificate, _) => "the service that says whether the signing certificate is revoked".to_owned(),
        });
        let answer = deadline.run(source.status(&question)).await;
        let answer = answer.unwrap_or_else(|| RevocationStatus::Unknown(Failure::deadline(deadline)));
        let (upstream, operation) = match question.signer {
            Signer::AwsSigner(_) => (Upstream::Signer, Operation::Revocation),
            Signer::Certificate => (Upstream::Authority, Operation::Ocsp),
        };
        let code = match &answer {
            RevocationStatus::Unknown(failure) => Some(failure.code),
            RevocationStatus::NotRevoked(_) | RevocationStatus::Revoked { .. } => None,
        };
        metrics.upstream(upstream, operation, response(code), began.elapsed());
        if matches!(answer, RevocationStatus::Unknown(_)) {
            self.postpone(&key);
            return answer;
        }
        let answer = SharedAnswer { status: answer, asked: memory.clock.utc_at(asked) };
        let told = match &self.shared {
            Some(shared) => shared.keep_revocation(key, &answer, answer.asked + self.time_of(&answer)).await,
            None => None,
        };
        match told {
            Some(told) => self.adopt(key, &told),
            None => self.remember(key, &answer, asked),
        }
    }

    /// What other replicas know, or the turn to ask.
    async fn shared_answer(&self, key: &Key, deadline: Deadline) -> Turn {
        let Some(shared) = &self.shared else { return Turn::Ask(None) };
        let clock = &self.inner.memory.clock;
        let wanted = match self.known(key, clock.now()).map(|(known, _)| known) {
            // It is to be replaced: by an answer that is newer, and not about to age itself.
            Some(known) => {
                let asked = match &known.value {
                    Answer::NotRevoked { asked, .. } => clock.utc_at(*asked),
                    Answer::Revoked { .. } => clock.utc(),
                };
                Wanted { after: Some(asked), age: self.inner.ttl / 4 * 3 }
            }
            None => Wanted { after: None, age: self.inner.ttl },
        };
        // The rest is for asking after all.
        shared.revocation(*key, wanted, deadline.remaining() / 2).await
    }

    /// How long an answer is used.
    fn time_of(&self, answer: &SharedAnswer) -> Duration {
        if matches!(answer.status, RevocationStatus::Revoked { .. }) { REVOKED } else { self.inner.ttl }
    }

    /// Remembers the answer of another replica, for as long as if this one had asked at that time.
    fn adopt(&self, key: Key, answer: &SharedAnswer) -> RevocationStatus {
        let clock = &self.inner.memory.clock;
        // What is said to have been asked for later than now was asked for now.
        let age = Duration::try_from(clock.utc() - answer.asked).unwrap_or_default();
        let Some(asked) = clock.now().checked_sub(age) else { return answer.status.clone() };
        let status = self.remember(key, answer, asked);
        let now = clock.now();
        if matches!(status, RevocationStatus::Revoked { .. })
            && let Some((known, _)) = self.known(&key, now).filter(|(known, _)| known.is_due(now))
        {
            // It may be due for hours, and is not to be looked for again at each request.
            known.postpone(now, UNDETERMINED);
        }
        status
    }

    /// Remembers an answer that says something, from when it was asked for.
    fn remember(&self, key: Key, answer: &SharedAnswer, asked: Instant) -> RevocationStatus {
        let known = match &answer.status {
            RevocationStatus::Unknown(_) => return answer.status.clone(),
            RevocationStatus::NotRevoked(message) => Answer::NotRevoked { message: self.once(message), asked },
            RevocationStatus::Revoked { entities, message } => {
                Answer::Revoked { entities: entities.clone(), message: message.clone() }
            }
        };
        self.inner.memory.answers.insert(key, known, asked, self.time_of(answer));
        answer.status.clone()
    }

    /// Waits for the turn of a call to AWS Signer. Returns why it does not come in time.
    async fn wait_for_quota(&self, check: Key, question: &RevocationQuestion) -> Option<Failure> {
        if matches!(question.signer, Signer::Certificate) {
            return None;
        }
        let began = Instant::now();
        let region = self.region(question);
        let shared = self.shared.as_deref();
        let shared = shared.map(|shared| SharedBucket { shared, key: self.bucket(question, region.as_ref()) });
        let is_in_time = self.inner.memory.quota.wait(region, check, question.deadline.remaining(), shared).await;
        self.inner.metrics.quota_wait(began.elapsed());
        (!is_in_time).then(quota_used_up)
    }

    /// A failed refresh is not repeated at once: the service that failed may have enough to do.
    fn postpone(&self, key: &Key) {
        let now = self.inner.memory.clock.now();
        if let Some((known, _)) = self.known(key, now) {
            known.postpone(now, UNDETERMINED);
        }
    }

    /// The quota that a call counts in: that of the credentials, in a region.
    fn bucket(&self, question: &RevocationQuestion, region: Option<&Region>) -> Key {
        let key = Key::of("quota").with(region.map(ToString::to_string).unwrap_or_default());
        let Signer::AwsSigner(signer) = &question.signer else { return key.key() };
        let partition = signer.profile_version.location().partition();
        let config = self.inner.clients.config();
        let key = key.with(config.role(partition).map(ToString::to_string).unwrap_or_default());
        key.with(config.profile(partition).unwrap_or_default()).key()
    }

    /// The region of AWS Signer that is asked.
    fn region(&self, question: &RevocationQuestion) -> Option<Region> {
        let Signer::AwsSigner(signer) = &question.signer else { return None };
        self.inner.clients.config().revocation_region(signer.profile_version.location()).ok()
    }

    /// Everything that an answer depends on, except the time.
    fn key(&self, question: &RevocationQuestion) -> Key {
        let mut key = match &question.signer {
            Signer::AwsSigner(signer) => {
                let region = self.region(question).map(|region| region.to_string());
                let key = Key::of("aws-signer").with(region.unwrap_or_default());
                key.with(signer.profile_version.to_string()).with(signer.job.to_string())
            }
            Signer::Certificate => Key::of("certificate"),
        };
        key = key.with(question.signing_time.unix_timestamp_nanos().to_be_bytes());
        key = key.with([u8::from(question.authentic_signing_time().is_some())]);
        let timestamp = question.timestamp.map(|time| time.unix_timestamp_nanos().to_be_bytes());
        key = key.with(timestamp.as_ref().map_or(&[][..], |time| time));
        for certificate in question.chain.certificates() {
            key = key.with(certificate.thumbprint());
        }
        key.key()
    }

    /// The message, in memory once while equal ones follow each other.
    fn once(&self, message: &str) -> Arc<str> {
        let mut last = self.inner.messages.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(known) if **known == *message => Arc::clone(known),
            _ => {
                let message: Arc<str> = message.into();
                *last = Some(Arc::clone(&message));
                message
            }
        }
    }
}

/// The quota of calls is used up for longer than there is time.
pub(super) fn quota_used_up() -> Failure {
    let why = "revocation could not be checked: too many checks wait for the quota of AWS Signer";
    Failure::new(ReasonCode::Quota, why).with_advice(Advice::SendFewerRequests)
}

fn status(answer: &Answer) -> RevocationStatus {
    match answer {
        Answer::NotRevoked { message, .. } => RevocationStatus::NotRevoked(message.to_string()),
        Answer::Revoked { entities, message } => {
            RevocationStatus::Revoked { entities: entities.clone(), message: message.clone() }
        }
    }
}
