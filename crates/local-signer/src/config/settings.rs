//! The configuration in force, which a reload replaces as a whole.

use std::sync::{Arc, PoisonError, RwLock};

use super::Config;

/// The configuration in force. Requests take it once, so that a reload does not change it under them.
#[derive(Debug, Clone, Default)]
pub struct Settings(Arc<RwLock<Arc<Config>>>);

impl Settings {
    /// Settings that start with `config`.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(config))))
    }

    /// The configuration in force now.
    #[must_use]
    pub fn current(&self) -> Arc<Config> {
        // The value is replaced as a whole, so it is consistent even if another thread panicked.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the configuration.
    pub fn replace(&self, config: Config) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }
}
