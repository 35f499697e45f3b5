//! The image that a tag or a digest names: from memory, or by asking the registry.

use std::sync::Arc;
use std::time::Instant;

use limits::Deadline;
use notary::Descriptor;
use notation::Failure;

use super::answer::Why;
use super::judge::{Case, Inner, Judge, UNDETERMINED};
use super::judged::unexpected;
use super::memory::{Tagged, whole};
use super::reasons::response;
use super::stores::Access;
use crate::cache::{Key, Remembered};
use crate::metrics::{CacheName, CacheResult, Operation, Stage, Upstream};
use crate::trace;

impl Judge {
    /// The image that a tag or digest names, if it is remembered. It is refreshed if it is time.
    pub(super) fn remembered_target(
        &self,
        case: &Case,
        scope: Key,
        access: &Arc<Access>,
    ) -> Option<(Key, Arc<Remembered<Tagged>>)> {
        let Inner { memory, metrics, .. } = &*self.inner;
        let (key, now) = (target_key(case, scope), memory.clock.now());
        let tagged = memory.tags.get(&key, now)?;
        metrics.cache(CacheName::Tag, CacheResult::Hit);
        if tagged.is_due(now) {
            memory.resolving.start(key, || self.clone().ask_target(key, case.clone(), Arc::clone(access)));
        }
        Some((key, tagged))
    }

    /// The image that a tag or digest names.
    pub(super) async fn resolved(
        &self,
        case: &Case,
        scope: Key,
        access: &Arc<Access>,
        deadline: Deadline,
    ) -> Result<Arc<Remembered<Tagged>>, Arc<Why>> {
        let Inner { memory, metrics, .. } = &*self.inner;
        if let Some((_, tagged)) = self.remembered_target(case, scope, access) {
            return Ok(tagged);
        }
        let key = target_key(case, scope);
        let work = || self.clone().ask_target(key, case.clone(), Arc::clone(access));
        let Some((tagged, is_shared)) = deadline.run(memory.resolving.join(key, work)).await else {
            return Err(Arc::new(Why::deadline(&case.reference, &memory.resolving.seen(&key))));
        };
        metrics.cache(CacheName::Tag, if is_shared { CacheResult::Shared } else { CacheResult::Miss });
        tagged.unwrap_or_else(|| Err(Arc::new(Why::from(&unexpected()))))
    }

    async fn ask_target(self, key: Key, case: Case, access: Arc<Access>) -> Result<Arc<Remembered<Tagged>>, Arc<Why>> {
        let Inner { memory, settings, .. } = &*self.inner;
        let asked = memory.clock.now();
        let known = memory.tags.get(&key, asked);
        if let Some(tagged) = known.as_ref().filter(|tagged| !tagged.is_due(asked)) {
            return Ok(Arc::clone(tagged));
        }
        // A digest always names the same, and may be gone.
        let time = if case.reference.digest().is_some() { settings.signatures } else { settings.tag };
        let resolving = trace::in_stage(Stage::Resolve, self.resolve(&case, &access, whole(settings.time)));
        match Box::pin(resolving).await {
            Ok(artifact) => Ok(memory.tags.insert(key, Tagged::new(artifact), asked, time)),
            Err(failure) => {
                // A failed refresh is not repeated at once.
                known.inspect(|known| known.postpone(memory.clock.now(), UNDETERMINED));
                Err(Arc::new(Why::from(&failure)))
            }
        }
    }

    async fn resolve(&self, case: &Case, access: &Access, deadline: Deadline) -> Result<Descriptor, Failure> {
        let Inner { metrics, places, .. } = &*self.inner;
        let Some(place) = deadline.run(places.take(case.reference.registry())).await else {
            return Err(Failure::deadline(deadline));
        };
        let asked = Instant::now();
        let resolved = deadline.run(access.store.resolve(case.reference.target())).await;
        drop(place);
        let resolved = match resolved {
            Some(resolved) => resolved.map_err(|why| Failure::from(&why)),
            None => Err(Failure::deadline(deadline)),
        };
        let code = resolved.as_ref().err().map(|why| why.code);
        metrics.upstream(Upstream::Registry, Operation::Resolve, response(code), asked.elapsed());
        metrics.stage(Stage::Resolve, asked.elapsed());
        resolved
    }
}

/// What names the image in its repository: the digest, or the tag.
fn target_key(case: &Case, scope: Key) -> Key {
    let key = match (case.reference.digest(), case.reference.tag()) {
        (Some(digest), _) => Key::of("digest").with(scope.as_bytes()).with(digest.as_str()),
        (None, Some(tag)) => Key::of("tag").with(scope.as_bytes()).with(tag.as_str()),
        // A reference has one of them.
        (None, None) => Key::of("nothing").with(scope.as_bytes()),
    };
    key.key()
}
