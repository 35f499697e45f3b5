//! A layer around a [`RevocationSource`] that remembers its answers.

use std::time::Duration;

use aws_names::{JobArn, Location, SigningProfileVersion};
use limits::SharedCache;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::source::{BoxFuture, RevocationQuestion, RevocationSource, RevocationStatus};
use crate::failure::Failure;
use crate::verify::Signer;

/// Remembers answers for some time, so that a signature that was revoked in the meantime may pass for as long. Unknown
/// answers are not remembered. Equal questions at the same time are asked once.
#[derive(Debug)]
pub struct Cached<S> {
    source: S,
    max_age: Duration,
    answers: SharedCache<Key, Remembered>,
}

/// An answer, and when it was given: by this program's clock, and by the time at which certificates were judged.
#[derive(Debug, Clone)]
struct Remembered {
    answer: RevocationStatus,
    at: Instant,
    now: OffsetDateTime,
}

/// Everything that an answer depends on, except the time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    signer: Option<(SigningProfileVersion, JobArn)>,
    thumbprints: Vec<String>,
    signing_time: OffsetDateTime,
    is_authentic: bool,
    timestamp: Option<OffsetDateTime>,
}

impl Key {
    fn new(question: &RevocationQuestion) -> Self {
        let certificates = question.chain.certificates().iter();
        Self {
            signer: match &question.signer {
                Signer::AwsSigner(signer) => Some((signer.profile_version.clone(), signer.job.clone())),
                Signer::Certificate => None,
            },
            thumbprints: certificates.map(|certificate| certificate.thumbprint().to_owned()).collect(),
            signing_time: question.signing_time,
            is_authentic: question.authentic_signing_time().is_some(),
            timestamp: question.timestamp,
        }
    }
}

impl<S: RevocationSource> Cached<S> {
    /// Remembers the answers of `source` for `max_age`.
    #[must_use]
    pub fn new(source: S, max_age: Duration) -> Self {
        Self { source, max_age, answers: SharedCache::default() }
    }

    async fn answer(&self, question: &RevocationQuestion) -> RevocationStatus {
        let key = Key::new(question);
        if let Some(answer) = self.remembered(&key, question.now) {
            return answer;
        }
        let Some(_turn) = question.deadline.run(self.answers.turn(&key)).await else {
            return RevocationStatus::Unknown(Failure::deadline(question.deadline));
        };
        if let Some(answer) = self.remembered(&key, question.now) {
            return answer;
        }
        let answer = self.source.status(question).await;
        match answer {
            RevocationStatus::Unknown(_) => self.answers.remove(&key),
            RevocationStatus::NotRevoked(_) | RevocationStatus::Revoked { .. } => {
                let (at, now) = (Instant::now(), question.now);
                self.answers.insert(key, Remembered { answer: answer.clone(), at, now });
            }
        }
        answer
    }

    /// The answer to an earlier question, unless either clock differs too much.
    fn remembered(&self, key: &Key, now: OffsetDateTime) -> Option<RevocationStatus> {
        let is_current =
            |known: &Remembered| known.at.elapsed() < self.max_age && (now - known.now).unsigned_abs() <= self.max_age;
        self.answers.get(key).filter(is_current).map(|known| known.answer)
    }
}

impl<S: RevocationSource> RevocationSource for Cached<S> {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(self.answer(question))
    }

    fn prepare<'a>(&'a self, locations: &'a [Location]) -> BoxFuture<'a, ()> {
        self.source.prepare(locations)
    }
}
