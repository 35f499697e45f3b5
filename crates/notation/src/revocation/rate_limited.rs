//! A layer around a [`RevocationSource`] that limits the number of questions per second.

use std::num::NonZeroU32;
use std::time::Duration;

use notary::{Advice, ReasonCode};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::source::{BoxFuture, RevocationQuestion, RevocationSource, RevocationStatus};
use crate::failure::Failure;

/// Passes on at most so many questions a second, evenly spread, in the order in which they come. A question whose turn
/// would come after its deadline is answered "unknown" at once and takes no turn.
#[derive(Debug)]
pub struct RateLimited<S> {
    source: S,
    interval: Duration,
    next: Mutex<Option<Instant>>,
}

impl<S: RevocationSource> RateLimited<S> {
    /// Limits `source` to `per_second` questions.
    #[must_use]
    pub fn new(source: S, per_second: NonZeroU32) -> Self {
        Self { source, interval: Duration::from_secs(1) / per_second.get(), next: Mutex::default() }
    }

    /// Takes a turn, if it comes before the time is over.
    async fn turn(&self, remaining: Duration) -> Option<Instant> {
        let mut next = self.next.lock().await;
        let now = Instant::now();
        let turn = next.map_or(now, |next| next.max(now));
        if turn.duration_since(now) > remaining {
            return None;
        }
        *next = Some(turn + self.interval);
        Some(turn)
    }
}

impl<S: RevocationSource> RevocationSource for RateLimited<S> {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(async move {
            let Some(turn) = self.turn(question.deadline.remaining()).await else {
                let why = "revocation could not be checked: too many checks are waiting for AWS Signer's quota";
                let failure = Failure::new(ReasonCode::Throttled, why).with_advice(Advice::SendFewerRequests);
                return RevocationStatus::Unknown(failure);
            };
            sleep_until(turn).await;
            self.source.status(question).await
        })
    }
}
