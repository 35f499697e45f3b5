//! For tests of adapters: a `Decide` whose decisions are scripted, and decisions of every kind.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use limits::Deadline;
use notary::Digest;
use proptest::prelude::*;

use super::{Answer, Authorization, Decide, Incoming, Seldom, Services, Settings};
use crate::config::{Kubernetes, Limits};
use crate::decision::{Code, Decided, Decision, ImageDecision, ImageName, Outcome, Question, Why};

/// The decision about an image in a namespace.
type Script = dyn Fn(&Question, &str) -> ImageDecision + Send + Sync;

/// Decides as scripted, and remembers what it was asked.
#[derive(Clone)]
pub struct Scripted {
    script: Arc<Script>,
    pub asked: Arc<Mutex<Vec<Question>>>,
    /// The policies that were asked for; there are `default` and `release`.
    pub policies: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub fn new(script: impl Fn(&Question, &str) -> ImageDecision + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), asked: Arc::default(), policies: Arc::default() }
    }

    /// Decides by the image's name: `verified…`, `exempt…`, `refused…`, `undetermined…`; with `-warned` or `-audited`
    /// in it, the rule only warns or audits.
    pub fn by_name() -> Self {
        Self::new(|_, image| by_name(image))
    }

    pub fn questions(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

impl Decide for Scripted {
    async fn decide(&self, question: Question) -> Decision {
        let images = question.images.iter().map(|image| (self.script)(&question, image).into()).collect();
        self.asked.lock().unwrap().push(question);
        tokio::task::yield_now().await;
        Decision { images }
    }

    fn with_policy(&self, name: &str) -> Option<Self> {
        self.policies.lock().unwrap().push(name.to_owned());
        ["default", "release"].contains(&name).then(|| self.clone())
    }
}

/// Decides about other images than it was asked about: for each image as the function says.
#[derive(Clone)]
pub struct Confused(fn(&str) -> Vec<ImageDecision>);

impl Confused {
    /// One that decides about no image, one about another, and one about more images.
    pub fn all() -> [Self; 3] {
        [
            Self(|_| Vec::new()),
            Self(|_| vec![decision("other:1", Outcome::Verified)]),
            Self(|image| vec![decision("other:1", Outcome::Verified), decision(image, Outcome::Verified)]),
        ]
    }
}

impl Decide for Confused {
    async fn decide(&self, question: Question) -> Decision {
        Decision { images: question.images.iter().flat_map(|image| (self.0)(image)).map(Decided::from).collect() }
    }

    fn with_policy(&self, _: &str) -> Option<Self> {
        Some(self.clone())
    }
}

/// Runs a route with the default settings, but these services, for a caller with this token.
pub async fn answer_with<'a, D, F>(
    route: impl Fn(&'a D, Settings<'a>, Incoming) -> F,
    decider: &'a D,
    services: Services,
    token: Option<&str>,
    body: &str,
) -> Answer
where
    F: Future<Output = Answer>,
{
    let settings: &'static (Kubernetes, Limits, Seldom) = Box::leak(Box::default());
    let incoming = Incoming {
        query: None,
        authorization: token.map_or_else(Authorization::default, Authorization::bearer),
        body: Bytes::copy_from_slice(body.as_bytes()),
        deadline: Deadline::new(Duration::from_secs(8)),
    };
    let (kubernetes, limits, unjudged) = (&settings.0, &settings.1, &settings.2);
    route(decider, Settings { kubernetes, limits, unjudged, services: Box::leak(Box::new(services)) }, incoming).await
}

/// Runs a route with the default settings.
pub async fn answer<'a, D, F>(route: impl Fn(&'a D, Settings<'a>, Incoming) -> F, decider: &'a D, body: &str) -> Answer
where
    F: Future<Output = Answer>,
{
    answer_with(route, decider, Services::default(), None, body).await
}

/// A decision with this outcome, and all else that goes with it.
pub fn decision(image: &str, outcome: Outcome) -> ImageDecision {
    let is_bad = matches!(outcome, Outcome::Refused | Outcome::Undetermined);
    ImageDecision {
        image: image.to_owned(),
        outcome,
        is_enforced: true,
        is_warned: false,
        rule: Some(Arc::from("rest")),
        digest: Some(Digest::sha256(image.as_bytes())),
        name: Some(ImageName {
            repository: format!("registry.example.com/{}", image.split([':', '@']).next().unwrap_or_default()),
            tag: Some("1".to_owned()),
            is_pinned: false,
        }),
        signer: (outcome == Outcome::Verified)
            .then(|| Arc::from("arn:aws:signer:us-west-2:111122223333:/signing-profiles/release")),
        why: is_bad.then(|| {
            Arc::new(Why {
                code: if outcome == Outcome::Refused { Code::Revoked } else { Code::Throttled },
                check: Some("revocation"),
                message: "the reason of the test".to_owned(),
            })
        }),
        is_cached: false,
        is_stale: false,
    }
}

fn by_name(image: &str) -> ImageDecision {
    let name = image.rsplit('/').next().unwrap_or(image);
    let outcomes = [Outcome::Verified, Outcome::Exempt, Outcome::Undetermined];
    let outcome = outcomes.into_iter().find(|outcome| name.starts_with(outcome.as_str())).unwrap_or(Outcome::Refused);
    ImageDecision {
        is_enforced: !name.contains("-warned") && !name.contains("-audited"),
        is_warned: name.contains("-warned"),
        digest: (outcome != Outcome::Exempt).then(|| Digest::sha256(name.as_bytes())),
        ..decision(image, outcome)
    }
}

/// Any decision about an image.
pub fn decisions() -> impl Strategy<Value = ImageDecision> {
    let outcome = prop::sample::select(Outcome::ALL.to_vec());
    let flags = any::<[bool; 6]>();
    (outcome, flags, ".{0,20}", ".{0,20}").prop_map(|(outcome, flags, image, message)| {
        let [is_enforced, is_warned, has_digest, has_name, has_rule, is_stale] = flags;
        let mut decision = ImageDecision { is_enforced, is_warned, is_stale, ..decision(&image, outcome) };
        decision.digest = decision.digest.filter(|_| has_digest);
        decision.name = decision.name.filter(|_| has_name);
        decision.rule = decision.rule.filter(|_| has_rule);
        decision.why = decision.why.map(|why| Arc::new(Why { message: format!("x{message}"), ..(*why).clone() }));
        decision
    })
}
