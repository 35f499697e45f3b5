//! Verifying one image, and what is remembered of it.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use limits::Deadline;
use notary::Descriptor;
use notation::Failure;
use notation::verify::{self, Conclusion, Limits, VerificationPolicy, Verifier};

use super::answer::{Code, Outcome, Why};
use super::doubt::{unless_revoked, valid_for};
use super::memory::{Memory, Tagged, whole};
use super::places::Places;
use super::policies::LoadedPolicy;
pub(super) use super::reasons::response;
use super::reasons::{code, outcome};
use super::reference::ImageReference;
use super::revocation::{Noted, Revocations, quota_used_up};
use super::signatures::{ListTimes, RememberedSignatures};
use super::stores::Access;
use crate::cache::{Key, Remembered, Weight};
use crate::metrics::{CacheName, CacheResult, Metrics, Operation, Stage, Upstream};

/// How long what could not be found out counts as such: long enough for those who wait, and no longer.
pub(super) const UNDETERMINED: Duration = Duration::from_secs(1);
/// The most names of signers that are kept once for all verdicts.
const MAX_SIGNERS: usize = 1000;
/// A judgement is remembered at most so long.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What was found out about an image.
#[derive(Debug)]
pub struct Judged {
    /// The outcome.
    pub outcome: Outcome,
    /// Who signed.
    pub signer: Option<Arc<str>>,
    /// Why it is refused or undetermined.
    pub why: Option<Arc<Why>>,
    /// Until when an image that was verified stays so while revocation cannot be checked.
    pub stale_until: Option<Instant>,
    /// Whether it was verified before, and revocation cannot be checked now.
    pub is_stale: bool,
}

impl Weight for Judged {
    fn heap(&self) -> usize {
        // Names of signers are shared.
        self.why.as_ref().map_or(0, |why| size_of::<Why>() + why.message.len() + 48)
    }
}

/// How requests to other services are counted.
#[derive(Clone)]
pub struct Upstreams {
    /// The metrics.
    pub metrics: Metrics,
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upstreams")
    }
}

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
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    verifier: Verifier,
    revocations: Revocations,
    memory: Arc<Memory>,
    settings: JudgeSettings,
    upstreams: Upstreams,
    places: Places,
    signers: Mutex<HashSet<Arc<str>>>,
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
    /// What could not be used as a credential of this request. Others who share the judgement have other ones.
    hint: Option<Arc<str>>,
}

/// The result of a verification.
struct Verification {
    judged: Judged,
    /// Until when it holds.
    until: Instant,
    /// Until when it is known that nothing is revoked. `None` if nothing is known of that.
    known: Option<Instant>,
    /// The judgement if nothing were revoked, and until when it would hold: if only revocation could not be checked.
    unless_revoked: Option<(Judged, Instant)>,
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
            upstreams: Upstreams { metrics },
            places: Places::default(),
            signers: Mutex::default(),
            key,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The judgement that is remembered. `access` is the [`Access::id`]. What is about to age is refreshed if `open`
    /// gives access.
    pub fn remembered(&self, case: &Case, access: Key, open: impl Fn() -> Option<Access>) -> Option<Found> {
        // Other credentials may have been chosen since: what they read is kept apart.
        let open = || open().filter(|opened| opened.id == access);
        let scope = scope(&case.reference, access);
        let tagged = match case.reference.digest() {
            Some(_) => None,
            None => Some(self.remembered_tag(case, scope, &open)?),
        };
        let known = tagged.as_ref().map(|tagged| &tagged.value.0);
        let digest = known.map(|known| &known.digest).or(case.reference.digest())?;
        let found = self.remembered_verdict(case, scope, digest, known, &open)?;
        let is_good = found.judged.value.outcome != Outcome::Undetermined;
        Some(if is_good { found } else { found.hinted(open().and_then(|access| access.hint)) })
    }

    /// Judges an image: from memory, or by asking the registry and the services.
    pub async fn judge(&self, case: &Case, access: Access, deadline: Deadline) -> Found {
        let hint = access.hint.clone();
        self.judge_for_all(case, access, deadline).await.hinted(hint)
    }

    async fn judge_for_all(&self, case: &Case, access: Access, deadline: Deadline) -> Found {
        let Inner { memory, upstreams, .. } = &*self.inner;
        let scope = scope(&case.reference, access.id);
        let known = match case.reference.digest() {
            Some(_) => None,
            None => match self.resolved(case, scope, &access, deadline).await {
                Ok(tagged) => Some(tagged.value.0.clone()),
                Err(why) => return undetermined(None, why),
            },
        };
        let Some(digest) = known.as_ref().map(|known| &known.digest).or(case.reference.digest()).cloned() else {
            return undetermined(None, Arc::new(Why::new(Code::Unreachable, "the image has no digest")));
        };
        if let Some(found) = self.remembered_verdict(case, scope, &digest, known.as_ref(), &|| Some(access.clone())) {
            return found;
        }
        let key = self.verdict_key(case, scope, &digest);
        let work = || self.clone().verify(key, case.clone(), known.clone(), access, false);
        let Some((judged, is_shared)) = deadline.run(memory.judging.join(key, work)).await else {
            let is_quota = memory.revocations.quota.holds_up(&key);
            let why = if is_quota { Why::from(&quota_used_up()) } else { Why::deadline() };
            return undetermined(Some(digest), Arc::new(why));
        };
        upstreams.metrics.cache(CacheName::Verdict, if is_shared { CacheResult::Shared } else { CacheResult::Miss });
        match judged {
            Some(judged) => Found { artifact: Some(digest), judged, is_cached: false, hint: None },
            None => undetermined(Some(digest), Arc::new(unexpected())),
        }
    }

    /// The image that a tag names, if it is remembered. It is refreshed if it is time.
    fn remembered_tag(
        &self,
        case: &Case,
        scope: Key,
        open: &dyn Fn() -> Option<Access>,
    ) -> Option<Arc<Remembered<Tagged>>> {
        let Inner { memory, upstreams, .. } = &*self.inner;
        let (key, now) = (target_key(case, scope), memory.clock.now());
        let tagged = memory.tags.get(&key, now)?;
        upstreams.metrics.cache(CacheName::Tag, CacheResult::Hit);
        if tagged.is_due(now)
            && let Some(access) = open()
        {
            memory.resolving.start(key, || self.clone().ask_target(key, case.clone(), access));
        }
        Some(tagged)
    }

    /// The verdict that is remembered. It is refreshed if it is time.
    fn remembered_verdict(
        &self,
        case: &Case,
        scope: Key,
        digest: &notary::Digest,
        known: Option<&Descriptor>,
        open: &dyn Fn() -> Option<Access>,
    ) -> Option<Found> {
        let Inner { memory, upstreams, .. } = &*self.inner;
        let (key, now) = (self.verdict_key(case, scope, digest), memory.clock.now());
        let judged = memory.verdicts.get(&key, now)?;
        upstreams.metrics.cache(CacheName::Verdict, CacheResult::Hit);
        if judged.is_due(now)
            && judged.value.outcome != Outcome::Undetermined
            && let Some(access) = open()
        {
            memory.judging.start(key, || self.clone().verify(key, case.clone(), known.cloned(), access, true));
        }
        Some(Found { artifact: Some(digest.clone()), judged, is_cached: true, hint: None })
    }

    /// The image that a tag or digest names.
    async fn resolved(
        &self,
        case: &Case,
        scope: Key,
        access: &Access,
        deadline: Deadline,
    ) -> Result<Arc<Remembered<Tagged>>, Arc<Why>> {
        let Inner { memory, upstreams, .. } = &*self.inner;
        if let Some(tagged) = self.remembered_tag(case, scope, &|| Some(access.clone())) {
            return Ok(tagged);
        }
        let key = target_key(case, scope);
        let work = || self.clone().ask_target(key, case.clone(), access.clone());
        let Some((tagged, is_shared)) = deadline.run(memory.resolving.join(key, work)).await else {
            return Err(Arc::new(Why::deadline()));
        };
        upstreams.metrics.cache(CacheName::Tag, if is_shared { CacheResult::Shared } else { CacheResult::Miss });
        tagged.unwrap_or_else(|| Err(Arc::new(unexpected())))
    }

    async fn ask_target(self, key: Key, case: Case, access: Access) -> Result<Arc<Remembered<Tagged>>, Arc<Why>> {
        let Inner { memory, settings, .. } = &*self.inner;
        let asked = memory.clock.now();
        let known = memory.tags.get(&key, asked);
        if let Some(tagged) = known.as_ref().filter(|tagged| !tagged.is_due(asked)) {
            return Ok(Arc::clone(tagged));
        }
        // A digest always names the same, and may be gone.
        let time = if case.reference.digest().is_some() { settings.signatures } else { settings.tag };
        match Box::pin(self.resolve(&case, &access, whole(settings.time))).await {
            Ok(artifact) => Ok(memory.tags.insert(key, Tagged(artifact), asked, time)),
            Err(failure) => {
                // A failed refresh is not repeated at once.
                known.inspect(|known| known.postpone(memory.clock.now(), UNDETERMINED));
                Err(Arc::new(Why::from(&failure)))
            }
        }
    }

    async fn resolve(&self, case: &Case, access: &Access, deadline: Deadline) -> Result<Descriptor, Failure> {
        let Inner { upstreams, places, .. } = &*self.inner;
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
        upstreams.metrics.upstream(Upstream::Registry, Operation::Resolve, response(code), asked.elapsed());
        upstreams.metrics.stage(Stage::Resolve, asked.elapsed());
        resolved
    }

    /// Verifies an image in a task of its own, and remembers the judgement.
    async fn verify(
        self,
        key: Key,
        case: Case,
        known: Option<Descriptor>,
        access: Access,
        is_refresh: bool,
    ) -> Arc<Remembered<Judged>> {
        let Inner { memory, settings, .. } = &*self.inner;
        let began = memory.clock.now();
        let before = memory.verdicts.last(&key);
        let is_enough =
            |judged: &&Arc<Remembered<Judged>>| judged.is_current(began) && !(is_refresh && judged.is_due(began));
        if let Some(judged) = before.as_ref().filter(is_enough) {
            return Arc::clone(judged);
        }
        let stale_until = before.and_then(|before| before.value.stale_until).filter(|until| began < *until);
        // What was verified before is so in time for those who wait, even if the service does not answer at all.
        let deadline = whole(if stale_until.is_some() { settings.time / 4 * 3 } else { settings.time });
        let mut found = Box::pin(self.ask(key, &case, known.clone(), &access, deadline, is_refresh)).await;
        if found.is_outdated(memory.clock.now()) {
            // Reading took longer than an answer about revocation may be used. It need not be read again.
            found = Box::pin(self.ask(key, &case, known, &access, deadline, is_refresh)).await;
            if found.is_outdated(memory.clock.now()) {
                found = Verification::undetermined(Arc::new(Why::deadline()));
            }
        }
        let Verification { mut judged, until, known, unless_revoked } = found;
        if judged.outcome == Outcome::Verified && !settings.stale_for.is_zero() {
            judged.stale_until = known.map(|known| known + settings.stale_for);
        }
        if judged.outcome != Outcome::Undetermined {
            let time = until.saturating_duration_since(began);
            return memory.verdicts.insert(key, judged, began, time);
        }
        // What is known holds until its time is over.
        let now = memory.clock.now();
        if let Some(still) = memory.verdicts.get(&key, now).filter(|still| is_refresh && !still.value.is_stale) {
            still.postpone(now, UNDETERMINED);
            return still;
        }
        let stale = stale_until.zip(unless_revoked).map(|(until, (verified, end))| (verified, until.min(end)));
        if let Some((verified, until)) = stale.filter(|(_, until)| now < *until) {
            let judged = Judged { why: judged.why, stale_until, is_stale: true, ..verified };
            // It is used while the service is asked again.
            let until = until.min(now + UNDETERMINED + settings.time);
            let refresh = until.saturating_duration_since(now).saturating_sub(UNDETERMINED);
            return memory.verdicts.insert_until(key, judged, until, refresh);
        }
        // Another trouble does not end what only a judgement or the time can end.
        judged.stale_until = stale_until;
        memory.verdicts.insert(key, judged, began, UNDETERMINED)
    }

    async fn ask(
        &self,
        key: Key,
        case: &Case,
        known: Option<Descriptor>,
        access: &Access,
        deadline: Deadline,
        is_refresh: bool,
    ) -> Verification {
        let Inner { settings, memory, upstreams, places, .. } = &*self.inner;
        let scope = scope(&case.reference, access.id);
        let artifact = match known {
            Some(known) => known,
            None => match self.resolved(case, scope, access, deadline).await {
                Ok(artifact) => artifact.value.0.clone(),
                Err(why) => return Verification::undetermined(why),
            },
        };
        let Some(_place) = deadline.run(places.take(case.reference.registry())).await else {
            return Verification::undetermined(Arc::new(Why::deadline()));
        };
        let (noting, noted) = self.inner.revocations.noting(key, is_refresh);
        let limits = Limits { time: deadline.budget(), signatures: case.policy.max_signatures };
        let verifier = self.inner.verifier.asking(noting).with_limits(limits);
        let times = ListTimes { signatures: settings.signatures, unsigned: settings.unsigned, reading: settings.time };
        let source = RememberedSignatures {
            store: access.store.clone(),
            scope,
            memory: Arc::clone(memory),
            times,
            is_refresh,
            until: Mutex::default(),
            upstreams: upstreams.clone(),
        };
        let (asked, began) = (memory.clock.now(), Instant::now());
        let now = memory.clock.utc();
        let demands = &case.policy.demands;
        let verdict = verifier.verify_from(&source, &artifact, &case.statement, demands, now, deadline).await;
        upstreams.metrics.stage(Stage::Verify, began.elapsed());
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(why) => return Verification::undetermined(Arc::new(Why::from(&why))),
        };
        let judged = self.judged(&verdict, case);
        if judged.outcome == Outcome::Undetermined {
            let unless_revoked = unless_revoked(&verdict).map(|verdict| {
                let end = asked + valid_for(&verdict, now, LONGEST);
                (self.judged(&verdict, case), end)
            });
            let unless_revoked = unless_revoked.filter(|(judged, _)| judged.outcome == Outcome::Verified);
            return Verification { unless_revoked, ..Verification::of(judged, asked) };
        }
        let list = source.until.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(asked + settings.unsigned);
        // What is refused for another reason than a revocation does not rest on revocation answers.
        let Noted { used, known } = *noted.lock().unwrap_or_else(PoisonError::into_inner);
        let until = (asked + valid_for(&verdict, now, LONGEST)).min(list).min(used.unwrap_or(list));
        Verification { judged, until, known, unless_revoked: None }
    }

    fn verdict_key(&self, case: &Case, scope: Key, digest: &notary::Digest) -> Key {
        let key = Key::of("verdict").with(self.inner.key.as_bytes()).with(scope.as_bytes());
        key.with(case.policy.key.as_bytes()).with(case.statement.name()).with(digest.as_str()).key()
    }

    fn judged(&self, verdict: &verify::Verdict, case: &Case) -> Judged {
        let requirement = case.policy.requirement.as_ref();
        let unmet = requirement.filter(|_| verdict.is_verified()).and_then(|required| verdict.meets(required).err());
        if let Some(unmet) = unmet {
            let why = Why::new(code(unmet.code()), unmet.to_string());
            let outcome = outcome(unmet.disposition());
            return Judged { outcome, signer: self.signer(verdict), why: Some(Arc::new(why)), ..Judged::verified() };
        }
        match verdict.conclusion() {
            Conclusion::Verified => Judged { signer: self.signer(verdict), ..Judged::verified() },
            Conclusion::Skipped => Judged { outcome: Outcome::Exempt, ..Judged::verified() },
            Conclusion::NotVerified(disposition) => {
                let outcome = outcome(disposition);
                let (why, signer) = match verdict.deciding() {
                    None => (Why::new(Code::Unsigned, "the image has no signature"), None),
                    Some((signature, reason)) => {
                        let check = signature.checks.iter().find(|check| check.outcome.is_failed());
                        let check = check.map(|check| check.check.as_str());
                        let why = Why { check, ..Why::new(code(reason.code()), reason.to_string()) };
                        (why, signature.signed.as_ref().map(|signed| self.interned(&signed.signer())))
                    }
                };
                Judged { outcome, signer, why: Some(Arc::new(why)), ..Judged::verified() }
            }
        }
    }

    /// The signer of the signature that verified.
    fn signer(&self, verdict: &verify::Verdict) -> Option<Arc<str>> {
        let verified = verdict.signatures.iter().find(|signature| signature.is_verified())?;
        verified.signed.as_ref().map(|signed| self.interned(&signed.signer()))
    }

    fn interned(&self, signer: &str) -> Arc<str> {
        let mut signers = self.inner.signers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = signers.get(signer) {
            return Arc::clone(known);
        }
        let signer: Arc<str> = signer.into();
        if signers.len() < MAX_SIGNERS {
            signers.insert(Arc::clone(&signer));
        }
        signer
    }
}

impl Judged {
    fn verified() -> Self {
        Self { outcome: Outcome::Verified, signer: None, why: None, stale_until: None, is_stale: false }
    }
}

impl Verification {
    /// Whether it was verified, and an answer about revocation may not be used any more.
    fn is_outdated(&self, now: Instant) -> bool {
        self.judged.outcome == Outcome::Verified && self.known.is_some_and(|until| until <= now)
    }

    fn undetermined(why: Arc<Why>) -> Self {
        Self::of(Judged { outcome: Outcome::Undetermined, why: Some(why), ..Judged::verified() }, Instant::now())
    }

    /// A judgement that is not remembered.
    fn of(judged: Judged, until: Instant) -> Self {
        Self { judged, until, known: None, unless_revoked: None }
    }
}

impl Found {
    /// Nothing was found out, for this reason.
    #[must_use]
    pub fn undetermined(why: Why) -> Self {
        undetermined(None, Arc::new(why))
    }

    /// Why it is refused or undetermined, for the request.
    #[must_use]
    pub fn why(&self) -> Option<Arc<Why>> {
        let why = self.judged.value.why.as_ref()?;
        let hinting = self.hint.as_ref().and_then(|hint| why.hinting(hint));
        Some(hinting.map_or_else(|| Arc::clone(why), Arc::new))
    }

    fn hinted(self, hint: Option<Arc<str>>) -> Self {
        Self { hint, ..self }
    }
}

fn undetermined(artifact: Option<notary::Digest>, why: Arc<Why>) -> Found {
    let judged = Verification::undetermined(why).judged;
    let judged = Arc::new(Remembered::once(judged, Instant::now()));
    Found { artifact, judged, is_cached: false, hint: None }
}

/// A task panicked; the panic was reported when it happened.
pub(super) fn unexpected() -> Why {
    Why::new(Code::Unreachable, "the verification failed unexpectedly; the log says more")
}

/// The repository, and whose credentials read it.
fn scope(reference: &ImageReference, access: Key) -> Key {
    Key::of("repository").with(reference.repository()).with(access.as_bytes()).key()
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
