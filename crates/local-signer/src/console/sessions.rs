//! The sessions of browsers that signed in, and secrets that are compared in constant time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ca::CaError;

/// More sessions replace the oldest ones.
const MAX_SESSIONS: usize = 32;
/// A session ends when it was not used for so long.
const IDLE: Duration = Duration::from_secs(12 * 3600);

/// A random text of 256 bits that a request must repeat.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// Returns [`CaError::Random`] if the system has no random numbers.
    pub(super) fn random() -> Result<Self, CaError> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| CaError::Random)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether `text` is this secret; the time tells only whether the lengths are equal.
    pub(super) fn is(&self, text: &str) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), text.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A browser that signed in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The value of its cookie.
    pub(super) id: Secret,
    /// The value that its forms have: other sites cannot read it.
    pub(super) form_token: Secret,
    used: Instant,
}

/// The sessions, in memory: all end with the process.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<VecDeque<Session>>);

impl Sessions {
    /// Starts a session.
    ///
    /// # Errors
    /// Returns [`CaError::Random`] if the system has no random numbers.
    pub(super) fn start(&self) -> Result<Session, CaError> {
        let session = Session { id: Secret::random()?, form_token: Secret::random()?, used: Instant::now() };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() == MAX_SESSIONS {
            sessions.pop_front();
        }
        sessions.push_back(session.clone());
        Ok(session)
    }

    /// The session with this cookie value.
    pub(super) fn find(&self, id: &str) -> Option<Session> {
        self.find_at(id, Instant::now())
    }

    fn find_at(&self, id: &str, now: Instant) -> Option<Session> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|session| now.saturating_duration_since(session.used) < IDLE);
        let session = sessions.iter_mut().find(|session| session.id.is(id))?;
        session.used = now;
        Some(session.clone())
    }

    /// Ends the session with this cookie value.
    pub(super) fn end(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|session| !session.id.is(id));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn sessions_end_when_unused_and_the_oldest_make_room() {
        let sessions = Sessions::default();
        let first = sessions.start().unwrap();
        assert!(sessions.find(first.id.text()).is_some() && sessions.find("").is_none());
        assert!(!format!("{first:?}").contains(first.id.text()));
        assert!(first.id.text().len() == 43 && !first.id.is(first.form_token.text()));
        for _ in 0..MAX_SESSIONS {
            sessions.start().unwrap();
        }
        assert!(sessions.find(first.id.text()).is_none());
        let last = sessions.start().unwrap();
        assert!(sessions.find_at(last.id.text(), Instant::now() + IDLE).is_none());
        let last = sessions.start().unwrap();
        sessions.end(last.id.text());
        assert!(sessions.find(last.id.text()).is_none());
    }
}
