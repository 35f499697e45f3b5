//! The adapters: each translates someone's requests into a question, and the decision into an answer. They decide
//! nothing.

mod authorization;
mod ecs;
mod gatekeeper;
mod imagereview;
pub(crate) mod json;
mod kubernetes;
mod kyverno;
pub(crate) mod reason;
#[cfg(test)]
pub(crate) mod scripted;
mod seldom;
mod services;
mod shape;
mod timeout;
mod verify;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use limits::Deadline;

pub use self::authorization::Authorization;
pub use self::ecs::{Deployments, NotARevision, Revision, RevisionArn, RevisionError, RevisionImage, Waiting};
pub use self::kyverno::{ReviewTokens, TokenError, TokenReview};
pub use self::seldom::Seldom;
pub use self::services::Services;
pub use self::timeout::caller_deadline;
use crate::config::{Adapter, Kubernetes, Limits};
use crate::decision::{Decided, Decision, Question, Verdict};

/// Who decides. The service has one; tests of adapters have others.
pub trait Decide: Sync {
    /// Decides about all images of the question before its deadline.
    fn decide(&self, question: Question) -> impl Future<Output = Decision> + Send;

    /// The same rules with this policy in place of those that they name. `None` if there is no such policy.
    fn with_policy(&self, name: &str) -> Option<Self>
    where
        Self: Sized,
    {
        let _ = name;
        None
    }
}

/// What adapters need to know beside the request.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// How Kubernetes objects are judged.
    pub kubernetes: &'a Kubernetes,
    /// The limits of requests.
    pub limits: &'a Limits,
    /// When the log last said that objects of a kind are not judged.
    pub unjudged: &'a Seldom,
    /// What some adapters ask before they can decide.
    pub services: &'a Services,
}

/// A request whose body was read whole.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The query of its URL, without the question mark.
    pub query: Option<String>,
    /// The credentials of the caller.
    pub authorization: Authorization,
    /// The body.
    pub body: Bytes,
    /// Since when it is worked on: with the time for the longest answer.
    pub deadline: Deadline,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// What the log says about it; `None` if nothing was decided.
    pub record: Option<Record>,
}

/// What the log says about a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The adapter, as in labels of metrics.
    pub adapter: &'static str,
    /// The request's own id.
    pub uid: Option<String>,
    /// Who wants to run the images.
    pub user: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The kind of object.
    pub kind: Option<String>,
    /// The name of the object.
    pub name: Option<String>,
    /// The operation on it.
    pub operation: Option<String>,
    /// Whether nothing is changed.
    pub dry_run: bool,
    /// What was answered.
    pub verdict: Verdict,
    /// The decisions about the images.
    pub images: Vec<Decided>,
}

/// A request that an adapter answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `POST /validate`
    Validate,
    /// `POST /mutate`
    Mutate,
    /// `POST /gatekeeper/verify`, `POST /ratify/gatekeeper/v2/verify`
    GatekeeperVerify,
    /// `POST /gatekeeper/mutate`, `POST /ratify/gatekeeper/v2/mutate`
    GatekeeperMutate,
    /// `POST /ratify/gatekeeper/v1/verify`
    GatekeeperVerifyV1,
    /// `POST /ratify/gatekeeper/v1/mutate`
    GatekeeperMutateV1,
    /// `POST /imagereview`
    ImageReview,
    /// `POST /checkimages`
    CheckImages,
    /// `POST /ecs/lifecycle-hook`
    EcsLifecycleHook,
    /// `POST /v1/verify`
    Verify,
    /// `GET /v1/schema/verify.json`
    VerifySchema,
}

impl Route {
    /// The route of a path.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        Some(match path {
            "/validate" => Self::Validate,
            "/mutate" => Self::Mutate,
            "/gatekeeper/verify" | "/ratify/gatekeeper/v2/verify" => Self::GatekeeperVerify,
            "/gatekeeper/mutate" | "/ratify/gatekeeper/v2/mutate" => Self::GatekeeperMutate,
            "/ratify/gatekeeper/v1/verify" => Self::GatekeeperVerifyV1,
            "/ratify/gatekeeper/v1/mutate" => Self::GatekeeperMutateV1,
            "/imagereview" => Self::ImageReview,
            "/checkimages" => Self::CheckImages,
            "/ecs/lifecycle-hook" => Self::EcsLifecycleHook,
            "/v1/verify" => Self::Verify,
            "/v1/schema/verify.json" => Self::VerifySchema,
            _ => return None,
        })
    }

    /// The adapter that must be switched on for it.
    #[must_use]
    pub fn adapter(self) -> Adapter {
        match self {
            Self::Validate | Self::Mutate => Adapter::Kubernetes,
            Self::GatekeeperVerify | Self::GatekeeperMutate | Self::GatekeeperVerifyV1 | Self::GatekeeperMutateV1 => {
                Adapter::Gatekeeper
            }
            Self::ImageReview => Adapter::ImageReview,
            Self::CheckImages => Adapter::Kyverno,
            Self::EcsLifecycleHook => Adapter::Ecs,
            Self::Verify | Self::VerifySchema => Adapter::Verify,
        }
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(self) -> &'static str {
        if self == Self::VerifySchema { "GET" } else { "POST" }
    }

    /// Whether the body is JSON, which its media type must say.
    #[must_use]
    pub fn has_body(self) -> bool {
        self != Self::VerifySchema
    }

    /// Answers a request.
    pub async fn answer<D: Decide>(self, decider: &D, settings: Settings<'_>, incoming: Incoming) -> Answer {
        match self {
            Self::Validate => kubernetes::validate(decider, settings, incoming).await,
            Self::Mutate => kubernetes::mutate(decider, settings, incoming).await,
            Self::GatekeeperVerify => gatekeeper::verify(decider, settings, incoming).await,
            Self::GatekeeperMutate => gatekeeper::mutate(decider, settings, incoming).await,
            Self::GatekeeperVerifyV1 => gatekeeper::verify_v1(decider, settings, incoming).await,
            Self::GatekeeperMutateV1 => gatekeeper::mutate_v1(decider, settings, incoming).await,
            Self::ImageReview => imagereview::review(decider, settings, incoming).await,
            Self::CheckImages => kyverno::check_images(decider, settings, incoming).await,
            Self::EcsLifecycleHook => ecs::lifecycle_hook(decider, settings, incoming).await,
            Self::Verify => verify::verify(decider, settings, incoming).await,
            Self::VerifySchema => verify::schema(),
        }
    }
}

impl Answer {
    /// A JSON body.
    #[must_use]
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        Self { status, content_type: "application/json", body, record: None }
    }

    /// A sentence.
    #[must_use]
    pub fn text(status: u16, message: impl Into<String>) -> Self {
        let mut body = message.into().into_bytes();
        body.push(b'\n');
        Self { status, content_type: "text/plain; charset=utf-8", body, record: None }
    }

    /// Returns it with what the log says.
    #[must_use]
    pub fn recorded(self, record: Record) -> Self {
        Self { record: Some(record), ..self }
    }
}

/// What is said if the decision is about other images than the request.
const UNDECIDED: &str = "internal error: the service did not decide about all images; try again";

/// The longest text of an answer.
pub const MAX_MESSAGE: usize = 4096;

/// When the caller may try again what could not be judged.
const RETRY_AFTER: Duration = Duration::from_secs(5);
