//! What work under way waits for: for requests whose time is over before the work ends.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limits::{Wait, Waits};

tokio::task_local! {
    static CURRENT: Arc<Progress>;
}

/// How far one work under way is.
#[derive(Debug, Default)]
pub struct Progress {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failure: Option<Wait>,
    asked: Option<String>,
    /// The work that this one waits for.
    inner: Option<Arc<Progress>>,
}

/// What is known of work that has not ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The last request that failed and is repeated.
    pub failure: Option<Wait>,
    /// Who is asked, if the work said so.
    pub asked: Option<String>,
}

impl Progress {
    /// Does work whose progress this is.
    pub(super) async fn of<T>(self: Arc<Self>, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// Notes that the work of this task waits for another one.
    pub(super) fn waits_for(inner: &Arc<Self>) {
        Self::note(|state| *state = State { inner: Some(Arc::clone(inner)), ..State::default() });
    }

    /// Notes whom the work of this task asks from now on.
    pub fn asks(whom: impl Into<String>) {
        Self::note(|state| *state = State { asked: Some(whom.into()), ..State::default() });
    }

    /// Notes the waits of clients in the work of the task that waits.
    #[must_use]
    pub fn waits() -> Waits {
        Waits::new(|wait| Self::note(|state| state.failure = Some(wait.clone())))
    }

    fn note(note: impl FnOnce(&mut State)) {
        // No request waits for work outside of a flight.
        let _ = CURRENT.try_with(|progress| note(&mut progress.state()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known: what the innermost work says counts.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let (own, inner) = {
            let state = self.state();
            (Seen { failure: state.failure.clone(), asked: state.asked.clone() }, state.inner.clone())
        };
        let inner = inner.map(|inner| inner.seen()).unwrap_or_default();
        Seen { failure: inner.failure.or(own.failure), asked: inner.asked.or(own.asked) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(host: &str) -> Wait {
        Wait { host: host.to_owned(), why: "refused".to_owned(), time: None, is_throttled: false }
    }

    #[tokio::test]
    async fn what_the_innermost_work_says_counts() {
        let (outer, inner) = (Arc::new(Progress::default()), Arc::new(Progress::default()));
        Progress::waits().begin(&wait("outside of a flight"));
        let work = async {
            Progress::asks("a registry");
            Progress::waits().begin(&wait("outer"));
        };
        Arc::clone(&outer).of(work).await;
        let asked = Some("a registry".to_owned());
        assert_eq!(outer.seen(), Seen { failure: Some(wait("outer")), asked });
        // That has an answer when the work waits for another one.
        Arc::clone(&outer).of(async { Progress::waits_for(&inner) }).await;
        assert_eq!(outer.seen(), Seen::default());
        Arc::clone(&inner).of(async { Progress::waits().begin(&wait("inner")) }).await;
        assert_eq!(outer.seen(), Seen { failure: Some(wait("inner")), asked: None });
        // Who is asked next has not failed yet.
        Arc::clone(&outer).of(async { Progress::asks("AWS Signer") }).await;
        assert_eq!(outer.seen(), Seen { failure: None, asked: Some("AWS Signer".to_owned()) });
    }
}
