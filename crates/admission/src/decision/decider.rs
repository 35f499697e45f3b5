//! The walk from a question to a decision.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use limits::Deadline;
use tokio::task::JoinSet;

use super::answer::{Code, Decided, Decision, ImageDecision, ImageName, Outcome, Why};
use super::judge::{Case, Found, Judge};
use super::judged::unexpected;
use super::policies::LoadedPolicy;
use super::question::Question;
use super::recent::{Asking, Recent, Source};
use super::reference::ImageReference;
use super::rules::{Action, Labels, Rules, Selected};
use super::stores::Stores;
use crate::cluster::NamespaceLabels;
use crate::config::Enforcement;
use crate::frontends::Decide;
use crate::trace::{self, ImageSpan};

/// How many images of one question are worked on at the same time: a question with many must not take all places.
const AT_ONCE: usize = 16;
/// Up to so many images are compared with each other to find equal ones.
const FEW: usize = 16;

/// What a decider is made of.
pub struct Parts {
    /// The rules.
    pub rules: Rules,
    /// The policies in the order that the rules count.
    pub policies: Vec<LoadedPolicy>,
    /// Who opens repositories.
    pub stores: Arc<dyn Stores>,
    /// Who verifies.
    pub judge: Judge,
    /// The labels of namespaces, if a rule needs them.
    pub labels: Option<Arc<NamespaceLabels>>,
}

/// Decides about images. Clones share everything.
#[derive(Clone)]
pub struct Decider {
    inner: Arc<Inner>,
    /// The policy that takes the place of those that the rules name.
    policy: Option<usize>,
}

struct Inner {
    rules: Rules,
    policies: Vec<Arc<LoadedPolicy>>,
    stores: Arc<dyn Stores>,
    judge: Judge,
    labels: Option<Arc<NamespaceLabels>>,
    recent: Recent,
}

impl fmt::Debug for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decider").field("rules", &self.inner.rules).finish_non_exhaustive()
    }
}

/// An image that is to be verified.
struct Pending {
    case: Case,
    /// What is decided if nothing is found out.
    decision: ImageDecision,
}

/// What the rules say about an image.
enum Prepared {
    Decided(ImageDecision),
    Pending(Pending),
}

impl Decider {
    /// A decider of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { rules, policies, stores, judge, labels } = parts;
        let policies = policies.into_iter().map(Arc::new).collect();
        let recent = Recent::default();
        Self { inner: Arc::new(Inner { rules, policies, stores, judge, labels, recent }), policy: None }
    }

    /// The labels of the namespace, if a rule needs them and they are known.
    async fn labels(&self, question: &Question) -> Labels {
        match (&self.inner.labels, &question.namespace) {
            (Some(labels), Some(namespace)) => Box::pin(labels.labels_soon(namespace, question.deadline)).await,
            _ => None,
        }
    }

    fn prepare(&self, namespace: Option<&str>, labels: &Labels, image: &str) -> Prepared {
        let reference = ImageReference::parse(image);
        let repository = reference.as_ref().ok().map(ImageReference::repository);
        let selected = self.inner.rules.select(namespace, repository, labels);
        let mut decision = ImageDecision::new(image, reference.as_ref().ok());
        let (rule, action) = match selected {
            Selected::Rule { name, action } => (name, action),
            Selected::UnknownLabels { name } => {
                let why = "the labels of the namespace are not known at the moment, and a rule depends on them";
                return Prepared::Decided(decision.by(name).without(Outcome::Undetermined, Code::Unreachable, why));
            }
            Selected::None => {
                let (code, why) = match &reference {
                    Ok(_) => {
                        (Code::Untrusted, "no rule of the admission configuration applies to the image".to_owned())
                    }
                    Err(why) => (Code::InvalidReference, notary::text::printable(&why.to_string())),
                };
                return Prepared::Decided(decision.without(Outcome::Refused, code, why));
            }
        };
        let Action::Verify { policy, enforcement } = action else {
            decision.outcome = Outcome::Exempt;
            return Prepared::Decided(decision.by(rule));
        };
        decision.enforce(enforcement);
        let reference = match reference {
            Ok(reference) => reference,
            Err(why) => {
                let why = notary::text::printable(&why.to_string());
                return Prepared::Decided(decision.by(rule).without(Outcome::Refused, Code::InvalidReference, why));
            }
        };
        let Some(policy) = self.inner.policies.get(self.policy.unwrap_or(policy)) else {
            let why = "the policy of the rule is not loaded";
            return Prepared::Decided(decision.by(rule).without(Outcome::Undetermined, Code::Unreachable, why));
        };
        match policy.applicable(reference.name()) {
            Ok(statement) if statement.is_skip() => {
                decision.outcome = Outcome::Exempt;
                Prepared::Decided(decision.by(rule))
            }
            Ok(statement) => {
                let statement = Arc::clone(statement);
                let case = Case { reference: Arc::new(reference), policy: Arc::clone(policy), statement };
                Prepared::Pending(Pending { case, decision: decision.by(rule) })
            }
            Err(why) => Prepared::Decided(decision.by(rule).without(Outcome::Refused, Code::Untrusted, why)),
        }
    }

    /// What was decided about the image before, if nothing has changed since.
    fn recalled(&self, question: &Question, image: &str) -> Option<Decided> {
        let Inner { stores, judge, labels, recent, .. } = &*self.inner;
        if labels.is_some() {
            return None;
        }
        let namespace = question.namespace.as_deref();
        let entry = recent.get(&Asking::new(self.policy, image, namespace, &question.pull))?;
        if let Some(Source { reference, access, basis }) = &entry.source {
            let current = stores.remembered(reference.name(), namespace, &question.pull)?;
            if current.id != *access || !judge.is_unchanged(basis) {
                return None;
            }
        }
        Some(entry.decided.clone())
    }

    /// The decision if all that it depends on is remembered.
    fn remembered(&self, question: &Question, pending: &Pending) -> Option<Decided> {
        let Inner { stores, judge, .. } = &*self.inner;
        let Pending { case, decision } = pending;
        let access = stores.remembered(case.reference.name(), question.namespace.as_deref(), &question.pull)?;
        let mut found = judge.remembered(case, &access)?;
        let basis = found.basis.take();
        let decided = Decided::from(decision.clone().found(found));
        if let Some(basis) = basis {
            let source = Source { reference: Arc::clone(&case.reference), access: access.id, basis };
            self.keep(question, &decided, Some(source));
        }
        Some(decided)
    }

    /// Keeps a decision for the next who asks the same.
    fn keep(&self, question: &Question, decided: &Decided, source: Option<Source>) {
        let Inner { labels, recent, .. } = &*self.inner;
        // What is undetermined is asked for anew soon, and what follows from labels depends on more than the question.
        if labels.is_none() && decided.outcome != Outcome::Undetermined {
            let asking = Asking::new(self.policy, &decided.image, question.namespace.as_deref(), &question.pull);
            recent.keep(asking, decided, source);
        }
    }

    async fn judge(self, question: Arc<Question>, case: Case) -> Found {
        let Inner { stores, judge, .. } = &*self.inner;
        let deadline: Deadline = question.deadline;
        let namespace = question.namespace.as_deref();
        let access = stores.access(case.reference.name(), namespace, &question.pull, deadline);
        match deadline.run(access).await {
            Some(Ok(access)) => judge.judge(&case, &access, deadline).await,
            Some(Err(failure)) => Found::undetermined(Why::from(&failure)),
            None => Found::undetermined(Why::new(
                Code::Deadline,
                "the time of the request was over before the credentials of the registry were found",
            )),
        }
    }
}

impl Decide for Decider {
    async fn decide(&self, question: Question) -> Decision {
        let labels = self.labels(&question).await;
        let began = trace::began();
        let mut distinct: Vec<Decided> = Vec::with_capacity(question.images.len());
        let order = places(&question.images);
        let mut waiting: BTreeMap<usize, Pending> = BTreeMap::new();
        for (image, place) in question.images.iter().zip(&order) {
            if *place < distinct.len() {
                continue;
            }
            let decided = self.recalled(&question, image).unwrap_or_else(|| {
                match self.prepare(question.namespace.as_deref(), &labels, image) {
                    Prepared::Decided(decision) => {
                        let decided = decision.into();
                        self.keep(&question, &decided, None);
                        decided
                    }
                    Prepared::Pending(pending) => self.remembered(&question, &pending).unwrap_or_else(|| {
                        let decision = pending.decision.clone();
                        waiting.insert(*place, pending);
                        decision.into()
                    }),
                }
            });
            distinct.push(decided);
        }
        let known = distinct.iter().enumerate().filter(|(place, _)| !waiting.contains_key(place));
        trace::images(known.map(|(_, decided)| &**decided), began);
        if !waiting.is_empty() {
            let question = Arc::new(question);
            // On the heap: most questions are answered without it.
            let judged = Box::pin(self.judge_all(&question, &waiting)).await;
            let mut judged: HashMap<usize, (Found, ImageSpan)> = judged.into_iter().collect();
            for (place, pending) in waiting {
                // A panic was reported when it happened.
                let (found, span) = judged
                    .remove(&place)
                    .unwrap_or_else(|| (Found::undetermined(Why::from(&unexpected())), ImageSpan::begin()));
                let decision = pending.decision.found(found);
                span.record(&decision);
                distinct[place] = decision.into();
            }
        }
        if order.len() == distinct.len() {
            return Decision { images: distinct };
        }
        Decision { images: order.into_iter().map(|place| distinct[place].clone()).collect() }
    }

    fn with_policy(&self, name: &str) -> Option<Self> {
        let policy = self.inner.policies.iter().position(|policy| &*policy.name == name)?;
        Some(Self { inner: Arc::clone(&self.inner), policy: Some(policy) })
    }
}

/// The number of each image among the distinct ones, in the order in which they come first.
fn places(images: &[String]) -> Vec<usize> {
    let mut count = 0;
    let mut next = || {
        count += 1;
        count - 1
    };
    if images.len() > FEW {
        let mut known: HashMap<&str, usize> = HashMap::with_capacity(images.len());
        return images.iter().map(|image| *known.entry(image).or_insert_with(&mut next)).collect();
    }
    let mut places: Vec<usize> = Vec::with_capacity(images.len());
    for (number, image) in images.iter().enumerate() {
        let before = images[..number].iter().position(|other| other == image);
        places.push(before.map_or_else(&mut next, |before| places[before]));
    }
    places
}

impl Decider {
    /// Judges images concurrently. What is not judged, because of a panic, is left out.
    async fn judge_all(
        &self,
        question: &Arc<Question>,
        waiting: &BTreeMap<usize, Pending>,
    ) -> Vec<(usize, (Found, ImageSpan))> {
        let mut found = Vec::with_capacity(waiting.len());
        let mut running = JoinSet::new();
        let mut left = waiting.iter();
        loop {
            while running.len() < AT_ONCE
                && let Some((place, pending)) = left.next()
            {
                let (place, decider, case) = (*place, self.clone(), pending.case.clone());
                let question = Arc::clone(question);
                let mut span = ImageSpan::begin();
                running.spawn(async move {
                    let found = trace::scope(span.context(), decider.judge(question, case)).await;
                    span.ended();
                    (place, (found, span))
                });
            }
            match running.join_next().await {
                Some(Err(_)) => {}
                Some(Ok(judged)) => found.push(judged),
                None => return found,
            }
        }
    }
}

impl ImageDecision {
    /// Undetermined until something is found out.
    pub(super) fn new(image: &str, reference: Option<&ImageReference>) -> Self {
        Self {
            image: image.to_owned(),
            outcome: Outcome::Undetermined,
            is_enforced: true,
            is_warned: false,
            rule: None,
            digest: reference.and_then(|reference| reference.digest().cloned()),
            name: reference.map(|reference| ImageName {
                repository: reference.repository().to_owned(),
                tag: reference.tag().map(|tag| tag.as_str().to_owned()),
                is_pinned: reference.digest().is_some(),
            }),
            signer: None,
            why: None,
            is_cached: false,
            is_stale: false,
        }
    }

    /// With what was found out.
    fn found(self, found: Found) -> Self {
        let why = found.why();
        let judged = &found.judged.value;
        Self {
            outcome: judged.outcome,
            signer: judged.signer(),
            why,
            is_stale: judged.is_stale,
            is_cached: found.is_cached,
            digest: found.artifact.or(self.digest),
            ..self
        }
    }

    fn by(self, rule: Arc<str>) -> Self {
        Self { rule: Some(rule), ..self }
    }

    fn enforce(&mut self, enforcement: Enforcement) {
        self.is_enforced = enforcement == Enforcement::Enforce;
        self.is_warned = enforcement == Enforcement::Warn;
    }

    fn without(self, outcome: Outcome, code: Code, why: impl Into<String>) -> Self {
        Self { outcome, why: Some(Arc::new(Why::new(code, why))), ..self }
    }
}
