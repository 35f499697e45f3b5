//! A layer around a [`RevocationSource`] that remembers its answers.

use std::time::Duration;

use aws_names::{JobArn, ProfileVersionArn};
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
    answers: SharedCache<Key, (RevocationStatus, Instant)>,
}

/// Everything that an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    signer: Option<(ProfileVersionArn, JobArn)>,
    thumbprints: Vec<String>,
    signing_time: OffsetDateTime,
    is_authentic: bool,
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
        if let Some(answer) = self.remembered(&key) {
            return answer;
        }
        let Some(_turn) = question.deadline.run(self.answers.turn(&key)).await else {
            return RevocationStatus::Unknown(Failure::deadline(question.deadline));
        };
        if let Some(answer) = self.remembered(&key) {
            return answer;
        }
        let answer = self.source.status(question).await;
        match answer {
            RevocationStatus::Unknown(_) => self.answers.remove(&key),
            RevocationStatus::NotRevoked(_) | RevocationStatus::Revoked { .. } => {
                self.answers.insert(key, (answer.clone(), Instant::now() + self.max_age));
            }
        }
        answer
    }

    fn remembered(&self, key: &Key) -> Option<RevocationStatus> {
        self.answers.get(key).filter(|(_, end)| Instant::now() < *end).map(|(answer, _)| answer)
    }
}

impl<S: RevocationSource> RevocationSource for Cached<S> {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(self.answer(question))
    }
}
