//! The words of the configuration that stand for one of several values.

use super::{Adapter, Enforcement, LogLevel, Pin, PinAs, PullSecrets, RuleAction, Tags, Updates};

pub(super) const ADAPTERS: [(&str, Adapter); 6] = [
    ("kubernetes", Adapter::Kubernetes),
    ("gatekeeper", Adapter::Gatekeeper),
    ("kyverno", Adapter::Kyverno),
    ("ecs", Adapter::Ecs),
    ("imagereview", Adapter::ImageReview),
    ("verify", Adapter::Verify),
];

/// `None` exempts.
pub(super) const ACTIONS: [(&str, Option<Enforcement>); 4] = [
    ("enforce", Some(Enforcement::Enforce)),
    ("warn", Some(Enforcement::Warn)),
    ("audit", Some(Enforcement::Audit)),
    ("exempt", None),
];

pub(super) const PULL_SECRETS: [(&str, PullSecrets); 3] = [
    ("none", PullSecrets::None),
    ("pod", PullSecrets::Pod),
    ("pod-and-service-account", PullSecrets::PodAndServiceAccount),
];

pub(super) const PIN: [(&str, Pin); 3] = [("pods", Pin::Pods), ("all", Pin::All), ("none", Pin::None)];

pub(super) const PIN_AS: [(&str, PinAs); 2] = [("digest", PinAs::Digest), ("tag-and-digest", PinAs::TagAndDigest)];

pub(super) const TAGS: [(&str, Tags); 2] = [("allow", Tags::Allow), ("refuse", Tags::Refuse)];

pub(super) const UPDATES: [(&str, Updates); 2] = [("changed", Updates::Changed), ("all", Updates::All)];

/// Whether what was verified before stays so while revocation cannot be checked.
pub(super) const WHEN_UNAVAILABLE: [(&str, bool); 2] = [("refuse", false), ("allow-stale", true)];

pub(super) const LOG_LEVELS: [(&str, LogLevel); 4] =
    [("error", LogLevel::Error), ("warn", LogLevel::Warn), ("info", LogLevel::Info), ("debug", LogLevel::Debug)];

impl Adapter {
    /// The name in the configuration, in metrics and in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Gatekeeper => "gatekeeper",
            Self::Kyverno => "kyverno",
            Self::Ecs => "ecs",
            Self::ImageReview => "imagereview",
            Self::Verify => "verify",
        }
    }
}

impl RuleAction {
    /// The word in the configuration.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::Verify { enforcement: Enforcement::Enforce, .. } => "enforce",
            Self::Verify { enforcement: Enforcement::Warn, .. } => "warn",
            Self::Verify { enforcement: Enforcement::Audit, .. } => "audit",
        }
    }
}
