//! What replicas share, so that one of them asks for all. Everything in it may be slow, gone or forged at any time:
//! that costs time, and never changes a verdict for the better.

use std::fmt::Debug;
use std::num::NonZeroU32;
use std::time::Duration;

use notation::revocation::{BoxFuture, RevocationStatus};
use time::OffsetDateTime;

use super::quota::Rate;
use crate::cache::Key;

/// The memory that replicas share.
pub trait Shared: Debug + Send + Sync + 'static {
    /// The answer about a revocation that the replicas know, or the turn to ask. Of several replicas that want the same
    /// at the same time, one gets the turn; the others wait for its answer, at most `longest`, and then ask as well.
    fn revocation<'a>(&'a self, key: Key, wanted: Wanted, longest: Duration) -> BoxFuture<'a, Turn>;

    /// Shares an answer that says something, until `expires`. Returns the answer of another replica that is to be used
    /// in its place: a revocation.
    fn keep_revocation<'a>(
        &'a self,
        key: Key,
        answer: &'a SharedAnswer,
        expires: OffsetDateTime,
    ) -> BoxFuture<'a, Option<SharedAnswer>>;

    /// The copy of a signature under a key that says whose credentials read it. It must be checked as that of a
    /// registry is.
    fn signature(&self, key: Key) -> BoxFuture<'_, Option<SharedSignature>>;

    /// Shares a signature until `expires`.
    fn keep_signature<'a>(
        &'a self,
        key: Key,
        signature: &'a SharedSignature,
        expires: OffsetDateTime,
    ) -> BoxFuture<'a, ()>;

    /// Takes a token of the bucket `key` that all replicas share. `None` if there is no such bucket at the moment.
    fn take(&self, key: Key, rate: Rate, longest: Duration) -> BoxFuture<'_, Option<Token>>;
}

/// Which shared answers are good enough. A revocation always is.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Those that were asked for later.
    pub after: Option<OffsetDateTime>,
    /// Those that were asked for at most so long ago.
    pub age: Duration,
}

/// What to do about a revocation.
#[derive(Debug)]
pub enum Turn {
    /// Nothing: this is the answer.
    Known(SharedAnswer),
    /// Ask. The other replicas wait as long as the value exists, if there is one.
    Ask(Option<Box<dyn Turns>>),
}

/// The turn of this replica, until it is dropped.
pub trait Turns: Debug + Send {}

/// An answer that says something, and when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedAnswer {
    /// The answer. It is not [`RevocationStatus::Unknown`].
    pub status: RevocationStatus,
    /// When it was asked for, by the clock of the replica that asked.
    pub asked: OffsetDateTime,
}

/// The bytes of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedSignature {
    /// Its manifest.
    pub manifest: Box<[u8]>,
    /// Its envelope.
    pub envelope: Box<[u8]>,
}

/// The answer of a shared bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// The call may be made after this time.
    After(Duration),
    /// It could be made only after the longest time; no token was taken.
    TooLate,
}

impl Rate {
    /// So many calls a second, of which those of two seconds may be made at once after a pause.
    #[must_use]
    pub fn per_second(rate: NonZeroU32, replicas: NonZeroU32) -> Self {
        /// The seconds.
        const BURST: u32 = 2;
        let interval = Duration::from_secs(1) * replicas.get() / rate.get();
        let burst = rate.get().saturating_mul(BURST) / replicas.get();
        Self { interval, burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN) }
    }
}
