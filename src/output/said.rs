//! What a command has said and does not repeat: many artifacts fail for the same reason.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Texts that were written. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Said(Arc<Mutex<HashSet<String>>>);

impl Said {
    /// Whether the text is written for the first time.
    pub(super) fn is_new(&self, text: &str) -> bool {
        // A panic cannot leave the set half-changed.
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !said.contains(text) && said.insert(text.to_owned())
    }
}
