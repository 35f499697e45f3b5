//! Verifying one image in a task of its own, and how long the judgement holds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use limits::Deadline;
use notary::Descriptor;
use notation::verify::Limits;

use super::answer::{Outcome, Why};
use super::doubt::{unless_revoked, valid_for};
use super::judge::{Case, Inner, Judge, UNDETERMINED, scope};
use super::judged::Judged;
use super::memory::whole;
use super::noting::Noted;
use super::signatures::{ListTimes, RememberedSignatures};
use super::stores::Access;
use super::waited::Waited;
use crate::cache::{Key, Remembered, Seen};
use crate::metrics::Stage;
use crate::trace;

/// A judgement is remembered at most so long.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// For whom an image is verified.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// For a request that has so much time, and for those that come meanwhile.
    Awaited(Duration),
    /// For later requests: the verdict is about to expire.
    Refresh,
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
    /// Verifies an image in a task of its own, and remembers the judgement.
    pub(super) async fn verify(
        self,
        key: Key,
        case: Case,
        known: Option<Descriptor>,
        access: Arc<Access>,
        pace: Pace,
    ) -> Arc<Remembered<Judged>> {
        let Inner { memory, settings, .. } = &*self.inner;
        let (time, is_refresh) = match pace {
            Pace::Awaited(time) => (time.min(settings.time), false),
            Pace::Refresh => (settings.time, true),
        };
        let began = memory.clock.now();
        let before = memory.verdicts.last(&key);
        let is_enough =
            |judged: &&Arc<Remembered<Judged>>| judged.is_current(began) && !(is_refresh && judged.is_due(began));
        if let Some(judged) = before.as_ref().filter(is_enough) {
            return Arc::clone(judged);
        }
        let stale_until = before.and_then(|before| before.value.stale_until).filter(|until| began < *until);
        // What was verified before is so in time for those who wait, even if the service does not answer at all.
        let deadline = whole(if stale_until.is_some() { time / 4 * 3 } else { settings.time });
        let mut found = Box::pin(self.ask(key, &case, known.clone(), &access, deadline, is_refresh)).await;
        if found.is_outdated(memory.clock.now()) {
            // Reading took longer than an answer about revocation may be used. It need not be read again.
            found = Box::pin(self.ask(key, &case, known, &access, deadline, is_refresh)).await;
            if found.is_outdated(memory.clock.now()) {
                found = Verification::undetermined(Arc::new(Why::deadline(&case.reference, &Seen::default())));
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
        let stale = stale_until.zip(unless_revoked).map(|(until, (verified, end))| (verified, until, until.min(end)));
        if let Some((verified, stale_until, until)) = stale.filter(|(_, _, until)| now < *until) {
            let judged = verified.stale(judged.why, stale_until);
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
        access: &Arc<Access>,
        deadline: Deadline,
        is_refresh: bool,
    ) -> Verification {
        let Inner { settings, memory, metrics, places, .. } = &*self.inner;
        let scope = scope(&case.reference, access.id);
        let artifact = match known {
            Some(known) => known,
            None => match self.resolved(case, scope, access, deadline).await {
                Ok(artifact) => artifact.value.image(),
                Err(why) => return Verification::undetermined(why),
            },
        };
        let Some(_place) = deadline.run(places.take(case.reference.registry())).await else {
            return Verification::undetermined(Arc::new(Why::deadline(&case.reference, &Seen::default())));
        };
        let waited = Waited::default();
        let (noting, noted) = self.inner.revocations.noting(key, is_refresh);
        let limits = Limits { time: deadline.budget(), signatures: case.policy.max_signatures };
        let verifier = self.inner.verifier.asking(noting.counting(waited.clone())).with_limits(limits);
        let times = ListTimes { signatures: settings.signatures, unsigned: settings.unsigned, reading: settings.time };
        let source = RememberedSignatures {
            store: access.store.clone(),
            scope,
            memory: Arc::clone(memory),
            times,
            is_refresh,
            until: Mutex::default(),
            metrics: metrics.clone(),
            waited: waited.clone(),
            shared: self.inner.revocations.shared_memory(),
        };
        let (asked, began) = (memory.clock.now(), Instant::now());
        let now = memory.clock.utc();
        let (demands, requirement) = (&case.policy.demands, case.policy.requirement.as_ref());
        let verifying = verifier.verify_from(&source, &artifact, &case.statement, demands, now, deadline);
        let verdict = trace::in_stage(Stage::Verify, verifying).await;
        metrics.stage(Stage::Verify, began.elapsed().saturating_sub(waited.total()));
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(why) => return Verification::undetermined(Arc::new(Why::from(&why))),
        };
        let judged = Judged::new(&verdict, requirement, &self.inner.signers);
        if judged.outcome == Outcome::Undetermined {
            let unless_revoked = unless_revoked(&verdict).map(|verdict| {
                let end = asked + valid_for(&verdict, now, LONGEST);
                (Judged::new(&verdict, requirement, &self.inner.signers), end)
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
}

impl Verification {
    /// Whether it was verified, and an answer about revocation may not be used any more.
    fn is_outdated(&self, now: Instant) -> bool {
        self.judged.outcome == Outcome::Verified && self.known.is_some_and(|until| until <= now)
    }

    fn undetermined(why: Arc<Why>) -> Self {
        Self::of(Judged::undetermined(why), Instant::now())
    }

    /// A judgement that is not remembered.
    fn of(judged: Judged, until: Instant) -> Self {
        Self { judged, until, known: None, unless_revoked: None }
    }
}
