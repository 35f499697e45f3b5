//! Judging one image: from memory, or by asking.

use std::sync::Arc;
use std::time::{Duration, Instant};

use limits::Deadline;
use notary::Descriptor;
use notation::verify::{VerificationPolicy, Verifier};

use super::answer::{Code, Outcome, Why};
use super::judged::{Judged, Signers, unexpected};
use super::memory::{Memory, Tagged};
use super::places::Places;
use super::policies::LoadedPolicy;
use super::reference::ImageReference;
use super::revocation::{Revocations, quota_used_up};
use super::stores::Access;
use super::verification::Pace;
use crate::cache::{Key, Remembered};
use crate::metrics::{CacheName, CacheResult, Metrics};

/// How long what could not be found out counts as such: long enough for those who wait, and no longer.
pub(super) const UNDETERMINED: Duration = Duration::from_secs(1);

/// How images are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgeSettings {
    /// How long a tag's digest is used.
    pub tag: Duration,
    /// How long the list of an image's signatures is used.
    pub signatures: Duration,
    /// How long an image without signatures counts as such.
    pub unsigned: Duration,
    /// How long a verified image stays so while revocation cannot be checked.
    pub stale_for: Duration,
    /// The time for one image.
    pub time: Duration,
}

/// Verifies images. Clones share everything.
#[derive(Debug, Clone)]
pub struct Judge {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) verifier: Verifier,
    pub(super) revocations: Revocations,
    pub(super) memory: Arc<Memory>,
    pub(super) settings: JudgeSettings,
    pub(super) metrics: Metrics,
    pub(super) places: Places,
    pub(super) signers: Signers,
    /// Stands for the settings: verdicts by others are not used.
    key: Key,
}

/// One image to verify.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub reference: Arc<ImageReference>,
    /// The policy.
    pub policy: Arc<LoadedPolicy>,
    /// The statement of the policy that applies to the repository.
    pub statement: Arc<VerificationPolicy>,
}

/// A judgement, and whether it was remembered.
#[derive(Debug)]
pub struct Found {
    /// The image.
    pub artifact: Option<notary::Digest>,
    /// The judgement.
    pub judged: Arc<Remembered<Judged>>,
    /// Whether it was remembered.
    pub is_cached: bool,
    /// What was remembered, if it was.
    pub(super) basis: Option<Basis>,
    /// What could not be used as a credential of this request. Others who share the judgement have other ones.
    hint: Option<Arc<str>>,
}

/// The remembered answers that a judgement came from. While the caches have the same, the judgement is the same.
#[derive(Debug, Clone)]
pub(super) struct Basis {
    /// The digest of the tag, unless the digest was written.
    tag: Option<(Key, Arc<Remembered<Tagged>>)>,
    verdict: (Key, Arc<Remembered<Judged>>),
}

impl Judge {
    /// A judge with this verifier, which asks `revocations`.
    #[must_use]
    pub fn new(
        verifier: Verifier,
        revocations: Revocations,
        memory: Arc<Memory>,
        settings: JudgeSettings,
        metrics: Metrics,
    ) -> Self {
        let key = Key::of("settings").with(format!("{settings:?} {:?}", revocations.ttl())).key();
        let inner = Inner {
            verifier,
            revocations,
            memory,
            settings,
            metrics,
            places: Places::default(),
            signers: Signers::default(),
            key,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The judgement that is remembered, of what is read with `access`. What is about to age is refreshed.
    pub fn remembered(&self, case: &Case, access: &Arc<Access>) -> Option<Found> {
        let scope = scope(&case.reference, access.id);
        let tag = match case.reference.digest() {
            Some(_) => None,
            None => Some(self.remembered_target(case, scope, access)?),
        };
        let known = tag.as_ref().map(|(_, tagged)| tagged.value.image());
        let known = known.as_ref();
        let digest = known.map(|known| &known.digest).or(case.reference.digest())?;
        let mut found = self.remembered_verdict(case, scope, digest, known, access)?.hinted(access);
        if let Some(basis) = &mut found.basis {
            basis.tag = tag;
        }
        Some(found)
    }

    /// Whether the caches still have the same answers, and both are fresh.
    pub(super) fn is_unchanged(&self, basis: &Basis) -> bool {
        let Inner { memory, metrics, .. } = &*self.inner;
        let now = memory.clock.now();
        if let Some((key, tagged)) = &basis.tag
            && !memory.tags.get(key, now).is_some_and(|current| Arc::ptr_eq(&current, tagged) && !current.is_due(now))
        {
            return false;
        }
        let (key, judged) = &basis.verdict;
        let is_same =
            memory.verdicts.get(key, now).is_some_and(|current| Arc::ptr_eq(&current, judged) && !current.is_due(now));
        if is_same {
            if basis.tag.is_some() {
                metrics.cache(CacheName::Tag, CacheResult::Hit);
            }
            metrics.cache(CacheName::Verdict, CacheResult::Hit);
        }
        is_same
    }

    /// Judges an image: from memory, or by asking the registry and the services.
    pub async fn judge(&self, case: &Case, access: &Arc<Access>, deadline: Deadline) -> Found {
        self.judge_for_all(case, access, deadline).await.hinted(access)
    }

    async fn judge_for_all(&self, case: &Case, access: &Arc<Access>, deadline: Deadline) -> Found {
        let Inner { memory, metrics, .. } = &*self.inner;
        let scope = scope(&case.reference, access.id);
        let known = match case.reference.digest() {
            Some(_) => None,
            None => match self.resolved(case, scope, access, deadline).await {
                Ok(tagged) => Some(tagged.value.image()),
                Err(why) => return Found::nothing(None, why),
            },
        };
        let Some(digest) = known.as_ref().map(|known| &known.digest).or(case.reference.digest()).cloned() else {
            return Found::undetermined(Why::new(Code::Unreachable, "the image has no digest"));
        };
        if let Some(found) = self.remembered_verdict(case, scope, &digest, known.as_ref(), access) {
            return found;
        }
        let key = self.verdict_key(case, scope, &digest);
        let work = || {
            let pace = Pace::Awaited(deadline.remaining());
            self.clone().verify(key, case.clone(), known.clone(), Arc::clone(access), pace)
        };
        let Some((judged, is_shared)) = deadline.run(memory.judging.join(key, work)).await else {
            let is_quota = memory.revocations.quota.holds_up(&key);
            let seen = memory.judging.seen(&key);
            let why = if is_quota { Why::from(&quota_used_up()) } else { Why::deadline(&case.reference, &seen) };
            return Found::nothing(Some(digest), Arc::new(why));
        };
        metrics.cache(CacheName::Verdict, if is_shared { CacheResult::Shared } else { CacheResult::Miss });
        match judged {
            Some(judged) => Found { artifact: Some(digest), judged, is_cached: false, basis: None, hint: None },
            None => Found::nothing(Some(digest), Arc::new(Why::from(&unexpected()))),
        }
    }

    /// The verdict that is remembered. It is refreshed if it is time.
    fn remembered_verdict(
        &self,
        case: &Case,
        scope: Key,
        digest: &notary::Digest,
        known: Option<&Descriptor>,
        access: &Arc<Access>,
    ) -> Option<Found> {
        let Inner { memory, metrics, .. } = &*self.inner;
        let (key, now) = (self.verdict_key(case, scope, digest), memory.clock.now());
        let judged = memory.verdicts.get(&key, now)?;
        metrics.cache(CacheName::Verdict, CacheResult::Hit);
        if judged.is_due(now) && judged.value.outcome != Outcome::Undetermined {
            let refresh = || self.clone().verify(key, case.clone(), known.cloned(), Arc::clone(access), Pace::Refresh);
            memory.judging.start(key, refresh);
        }
        let basis = Some(Basis { tag: None, verdict: (key, Arc::clone(&judged)) });
        Some(Found { artifact: Some(digest.clone()), judged, is_cached: true, basis, hint: None })
    }

    pub(super) fn verdict_key(&self, case: &Case, scope: Key, digest: &notary::Digest) -> Key {
        let key = Key::of("verdict").with(self.inner.key.as_bytes()).with(scope.as_bytes());
        key.with(case.policy.key.as_bytes()).with(case.statement.name()).with(digest.as_str()).key()
    }
}

impl Found {
    /// Nothing was found out, for this reason.
    #[must_use]
    pub fn undetermined(why: Why) -> Self {
        Self::nothing(None, Arc::new(why))
    }

    fn nothing(artifact: Option<notary::Digest>, why: Arc<Why>) -> Self {
        let judged = Arc::new(Remembered::once(Judged::undetermined(why), Instant::now()));
        Self { artifact, judged, is_cached: false, basis: None, hint: None }
    }

    /// Why it is refused or undetermined, for the request.
    #[must_use]
    pub fn why(&self) -> Option<Arc<Why>> {
        let why = self.judged.value.why.as_ref()?;
        let hinting = self.hint.as_ref().and_then(|hint| why.hinting(hint));
        Some(hinting.map_or_else(|| Arc::clone(why), Arc::new))
    }

    fn hinted(self, access: &Access) -> Self {
        let hint = access.hint.as_ref().filter(|_| self.judged.value.outcome == Outcome::Undetermined);
        Self { hint: hint.cloned(), ..self }
    }
}

/// The repository, and whose credentials read it.
pub(super) fn scope(reference: &ImageReference, access: Key) -> Key {
    Key::of("repository").with(reference.repository()).with(access.as_bytes()).key()
}
