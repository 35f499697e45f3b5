//! Revocation checks of one verification: until when their answers may be used.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use notation::revocation::{BoxFuture, RevocationQuestion, RevocationSource, RevocationStatus};

use super::revocation::Revocations;
use super::waited::Waited;
use crate::cache::Key;
use crate::metrics::Stage;
use crate::trace;

/// Until when the answers may be used that a verification got.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noted {
    /// Until when what rests on them is remembered. `None` if nothing was asked.
    pub used: Option<Instant>,
    /// Until when those are known that say something.
    pub known: Option<Instant>,
}

impl Noted {
    pub(super) fn known(until: Instant) -> Self {
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
    pub(super) fn new(revocations: Revocations, verification: Key, is_refresh: bool) -> (Self, Arc<Mutex<Noted>>) {
        let (noted, waited) = Default::default();
        (Self { revocations, verification, is_refresh, waited, noted: Arc::clone(&noted) }, noted)
    }

    /// Counts the time for which it is waited.
    pub(super) fn counting(self, waited: Waited) -> Self {
        Self { waited, ..self }
    }
}

impl RevocationSource for Noting {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(async move {
            let answering = trace::in_stage(
                Stage::Revocation,
                self.revocations.answer(question, self.verification, self.is_refresh),
            );
            let (answer, until) = self.waited.during(answering).await;
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            *noted = noted.and(until);
            answer
        })
    }
}
