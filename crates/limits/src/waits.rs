//! Waits before a request is repeated, so that a program can say what it waits for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A wait before a request is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The host that was asked.
    pub host: String,
    /// What it answered, or why there is no answer. It may quote the host and is not sanitized.
    pub why: String,
    /// Whether the answer asks for fewer requests.
    pub is_throttled: bool,
    /// How long the request waits. `None` if it is repeated now.
    pub time: Option<Duration>,
}

type Told = dyn Fn(&Wait) + Send + Sync;

/// A function that is told of each wait; by default none is. Clones share it.
#[derive(Clone, Default)]
pub struct Waits(Option<Arc<Told>>);

impl Waits {
    /// Tells `told` of each wait.
    #[must_use]
    pub fn new(told: impl Fn(&Wait) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    /// Tells of a wait that begins.
    pub fn begin(&self, wait: &Wait) {
        if let Some(told) = &self.0 {
            told(wait);
        }
    }
}

/// Equal if they tell the same function.
impl PartialEq for Waits {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for Waits {}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waits").field(&self.0.is_some()).finish()
    }
}
