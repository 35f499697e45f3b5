//! The question that frontends ask.

use limits::Deadline;

/// May these images run in this namespace?
#[derive(Debug, Clone)]
pub struct Question {
    /// The namespace, if the images run in one.
    pub namespace: Option<String>,
    /// The images as they were written. Equal ones are judged once.
    pub images: Vec<String>,
    /// Whose pull secrets may be used.
    pub pull: PullIdentity,
    /// When the answer comes too late.
    pub deadline: Deadline,
}

/// Whose pull secrets may be used: names in the namespace of the question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullIdentity {
    /// The `imagePullSecrets` of the Pod.
    pub secrets: Vec<String>,
    /// The service account of the Pod. `None` if no Pod is known: then no secrets are used.
    pub service_account: Option<String>,
}
