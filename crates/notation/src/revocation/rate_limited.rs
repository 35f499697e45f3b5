//! A layer around a [`RevocationSource`] that limits the number of questions per second.

use std::num::NonZeroU32;

use aws_names::Location;
use limits::RateLimit;
use notary::{Advice, ReasonCode};

use super::source::{BoxFuture, RevocationQuestion, RevocationSource, RevocationStatus};
use crate::failure::Failure;

/// Passes on at most so many questions a second, evenly spread, in the order in which they come. A question whose turn
/// would come after its deadline is answered "unknown" at once and takes no turn.
#[derive(Debug)]
pub struct RateLimited<S> {
    source: S,
    limit: RateLimit,
}

impl<S: RevocationSource> RateLimited<S> {
    /// Limits `source` to `per_second` questions.
    #[must_use]
    pub fn new(source: S, per_second: NonZeroU32) -> Self {
        Self { source, limit: RateLimit::per_second(per_second) }
    }
}

impl<S: RevocationSource> RevocationSource for RateLimited<S> {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(async move {
            if !self.limit.wait_at_most(question.deadline.remaining()).await {
                let why = "revocation could not be checked: too many checks are waiting for AWS Signer's quota";
                let failure = Failure::new(ReasonCode::Quota, why).with_advice(Advice::SendFewerRequests);
                return RevocationStatus::Unknown(failure);
            }
            self.source.status(question).await
        })
    }

    fn prepare<'a>(&'a self, locations: &'a [Location]) -> BoxFuture<'a, ()> {
        self.source.prepare(locations)
    }
}
