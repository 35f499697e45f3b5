//! The cache that replicas share. Its questions are counted in `caches`.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::series::{Number, count_of, descriptor, gauge};
use crate::shared_cache::Rejection;

const REJECTIONS: [&str; 5] = ["forged", "moved", "expired", "future", "malformed"];
const FAILURES: [&str; 4] = ["timeout", "lost", "busy", "refused"];

/// Why a command has no answer that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RedisFailure {
    /// The answer did not come in time.
    Timeout,
    /// The connection ended, or the answer was not understood.
    Lost,
    /// Too many commands were under way.
    Busy,
    /// The server answered with an error.
    Refused,
}

/// The metrics of the shared cache.
#[derive(Debug, Default)]
pub struct Redis {
    rejections: [Number; REJECTIONS.len()],
    failures: [Number; FAILURES.len()],
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    /// The number of the configuration's client. One before it may live on for requests that began with it.
    client: u64,
    /// Whether that one is connected, once its first attempt has ended.
    is_up: Option<bool>,
}

impl Redis {
    pub fn rejected(&self, rejection: Rejection) {
        self.rejections[place(rejection)].add(1);
    }

    /// The suspicious entries.
    pub fn suspicious(&self) -> u64 {
        Rejection::SUSPICIOUS.map(|rejection| self.rejections[place(rejection)].get()).iter().sum()
    }

    pub fn failed(&self, failure: RedisFailure) {
        let place = match failure {
            RedisFailure::Timeout => 0,
            RedisFailure::Lost => 1,
            RedisFailure::Busy => 2,
            RedisFailure::Refused => 3,
        };
        self.failures[place].add(1);
    }

    /// The number of a new client, which takes the place of the one before. Nothing is known of it.
    pub fn client(&self) -> u64 {
        let mut state = self.state();
        *state = State { client: state.client + 1, is_up: None };
        state.client
    }

    /// Whether this client is connected, if no other one has taken its place.
    pub fn is_up(&self, client: u64, is_up: bool) {
        let mut state = self.state();
        if state.client == client {
            state.is_up = Some(is_up);
        }
    }

    /// Whether the client is connected, once that is known.
    pub fn up(&self) -> Option<bool> {
        self.state().is_up
    }

    /// A panic cannot leave it half-changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Entries of the shared cache that were not believed, by the reason.";
        let mut family = descriptor(encoder, "notation_admission_redis_rejected", help, MetricType::Counter)?;
        for (reason, value) in REJECTIONS.iter().zip(&self.rejections) {
            count_of(&mut family, &[("reason", *reason)], value.get())?;
        }
        let help = "Commands to the shared cache without a usable answer, by the reason.";
        let mut family = descriptor(encoder, "notation_admission_redis_failures", help, MetricType::Counter)?;
        for (reason, value) in FAILURES.iter().zip(&self.failures) {
            count_of(&mut family, &[("reason", *reason)], value.get())?;
        }
        let Some(up) = self.up() else { return Ok(()) };
        gauge(encoder, "notation_admission_redis_up", "Whether the shared cache is connected.", f64::from(u8::from(up)))
    }
}

/// The place of a rejection in [`REJECTIONS`].
fn place(rejection: Rejection) -> usize {
    match rejection {
        Rejection::Forged => 0,
        Rejection::Moved => 1,
        Rejection::Expired => 2,
        Rejection::Future => 3,
        Rejection::Malformed => 4,
    }
}
