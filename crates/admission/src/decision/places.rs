//! How many images are worked on at the same time, in all and of one registry: a registry that does not answer must not
//! keep the others' images waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// All images. Each holds connections and some memory.
const MAX: usize = 256;
/// Those of one registry.
const MAX_OF_REGISTRY: usize = 64;

/// The places.
#[derive(Debug)]
pub struct Places {
    all: Semaphore,
    /// Those that are in use.
    registries: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A place. It is free again when this is dropped.
#[derive(Debug)]
pub struct Place<'a> {
    _all: Option<SemaphorePermit<'a>>,
    _registry: Option<OwnedSemaphorePermit>,
}

impl Default for Places {
    fn default() -> Self {
        Self { all: Semaphore::new(MAX), registries: Mutex::default() }
    }
}

impl Places {
    /// Waits for a place for an image of this registry. Holding one while waiting for another deadlocks.
    pub async fn take(&self, registry: &str) -> Place<'_> {
        let of_registry = self.of_registry(registry);
        // The semaphores are never closed. If they were, there would be no limit.
        let registry = of_registry.acquire_owned().await.ok();
        Place { _all: self.all.acquire().await.ok(), _registry: registry }
    }

    fn of_registry(&self, registry: &str) -> Arc<Semaphore> {
        let mut registries = self.registries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = registries.get(registry).and_then(Weak::upgrade) {
            return known;
        }
        registries.retain(|_, known| known.strong_count() > 0);
        let new = Arc::new(Semaphore::new(MAX_OF_REGISTRY));
        registries.insert(registry.to_owned(), Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use tokio::time::{Duration, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_registry_cannot_take_all_places() {
        let places = Places::default();
        let mut taken = Vec::new();
        for _ in 0..MAX_OF_REGISTRY {
            taken.push(places.take("hangs.example").await);
        }
        let second = Duration::from_secs(1);
        assert!(timeout(second, places.take("hangs.example")).await.is_err());
        drop(timeout(second, places.take("good.example")).await.unwrap());
        taken.pop();
        drop(timeout(second, places.take("hangs.example")).await.unwrap());
        drop(taken);
        drop(places.take("other.example").await);
        // Registries that are not asked leave nothing behind.
        drop(places.take("last.example").await);
        assert_eq!(places.registries.lock().unwrap().len(), 1);
    }
}
