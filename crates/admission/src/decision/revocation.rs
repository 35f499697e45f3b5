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
use notation::revocation::{BoxFuture, RevocationQuestion, RevocationSource, RevocationStatus};
use notation::verify::Signer;

use super::judge::UNDETERMINED;
use super::quota::{Quota, Rate};
use super::reasons::response;
use super::waited::Waited;
use crate::cache::{Bounded, Clock, Flights, Key, Remembered, Weight};
use crate::config::RevocationSettings;
use crate::metrics::{CacheName, CacheResult, Metrics, Operation, Stage, Upstream};
use crate::trace;

/// A revocation is not taken back.
const REVOKED: Duration = Duration::from_secs(24 * 60 * 60);
/// The most seconds of calls that may be made at once after a pause.
const BURST: u32 = 2;

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
        let interval = Duration::from_secs(1) * settings.replicas.get() / settings.rate.get();
        let burst = settings.rate.get().saturating_mul(BURST) / settings.replicas.get();
        memory.quota.set_rate(Rate { interval, burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN) });
        let inner = Inner {
            source: Arc::new(source),
            clients,
            memory,
            ttl: settings.ttl,
            time,
            metrics,
            messages: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// How long an answer is used.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.inner.ttl
    }

    /// A source for one verification, which notes until when its answers may be used.
    #[must_use]
    pub fn noting(&self, verification: Key, is_refresh: bool) -> (Noting, Arc<Mutex<Noted>>) {
        let (noted, waited) = Default::default();
        (Noting { revocations: self.clone(), verification, is_refresh, waited, noted: Arc::clone(&noted) }, noted)
    }

    /// The answer, and until when it may be used. An answer that is about to age is refreshed. Only a refresh waits for
    /// that, because no request waits for it.
    async fn answer(&self, question: &RevocationQuestion, noting: &Noting) -> (RevocationStatus, Noted) {
        let key = self.key(question);
        let Inner { memory, metrics, .. } = &*self.inner;
        let _time = metrics.time_stage(Stage::Revocation);
        let now = memory.clock.now();
        if let Some((known, until)) = self.known(&key, now) {
            metrics.cache(CacheName::Revocation, CacheResult::Hit);
            let is_due = known.is_due(now);
            if is_due && !noting.is_refresh {
                memory.flights.start(key, || self.clone().ask(key, question.clone()));
            }
            if !is_due || !noting.is_refresh {
                return (status(&known.value), Noted::known(until));
            }
        }
        let _awaiting = memory.quota.awaiting(noting.verification, key);
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
        if let Some(failure) = self.wait_for_quota(key, &question).await {
            self.postpone(&key);
            return RevocationStatus::Unknown(failure);
        }
        let (asked, began) = (memory.clock.now(), Instant::now());
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
        let (known, time) = match &answer {
            RevocationStatus::Unknown(_) => {
                self.postpone(&key);
                return answer;
            }
            RevocationStatus::NotRevoked(message) => {
                (Answer::NotRevoked { message: self.shared(message), asked }, self.inner.ttl)
            }
            RevocationStatus::Revoked { entities, message } => {
                (Answer::Revoked { entities: entities.clone(), message: message.clone() }, REVOKED)
            }
        };
        memory.answers.insert(key, known, asked, time);
        answer
    }

    /// Waits for the turn of a call to AWS Signer. Returns why it does not come in time.
    async fn wait_for_quota(&self, check: Key, question: &RevocationQuestion) -> Option<Failure> {
        if matches!(question.signer, Signer::Certificate) {
            return None;
        }
        let began = Instant::now();
        let region = self.region(question);
        let is_in_time = self.inner.memory.quota.wait(region, check, question.deadline.remaining()).await;
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
    fn shared(&self, message: &str) -> Arc<str> {
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

/// Until when the answers may be used that a verification got.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noted {
    /// Until when what rests on them is remembered. `None` if nothing was asked.
    pub used: Option<Instant>,
    /// Until when those are known that say something.
    pub known: Option<Instant>,
}

impl Noted {
    fn known(until: Instant) -> Self {
        Self { used: Some(until), known: Some(until) }
    }

    /// With an answer more.
    fn and(self, other: Self) -> Self {
        let first = |one: Option<Instant>, two: Option<Instant>| one.into_iter().chain(two).min();
        Self { used: first(self.used, other.used), known: first(self.known, other.known) }
    }
}

/// A source for one verification.
#[derive(Debug)]
pub struct Noting {
    revocations: Revocations,
    verification: Key,
    is_refresh: bool,
    waited: Waited,
    noted: Arc<Mutex<Noted>>,
}

impl Noting {
    /// Counts the time for which it is waited.
    pub(super) fn counting(self, waited: Waited) -> Self {
        Self { waited, ..self }
    }
}

impl RevocationSource for Noting {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(async move {
            let answering = trace::in_stage(Stage::Revocation, self.revocations.answer(question, self));
            let (answer, until) = self.waited.during(answering).await;
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            *noted = noted.and(until);
            answer
        })
    }
}

fn status(answer: &Answer) -> RevocationStatus {
    match answer {
        Answer::NotRevoked { message, .. } => RevocationStatus::NotRevoked(message.to_string()),
        Answer::Revoked { entities, message } => {
            RevocationStatus::Revoked { entities: entities.clone(), message: message.clone() }
        }
    }
}
