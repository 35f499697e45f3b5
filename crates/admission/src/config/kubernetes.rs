//! The section `kubernetes`: how its objects are judged.

/// How Kubernetes objects are judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Kubernetes {
    /// Whose pull secrets are used. Default: those of the Pod and its service account.
    pub pull_secrets: PullSecrets,
    /// Which objects the mutating form changes. Default: Pods.
    pub pin: Pin,
    /// How a pinned image is written. Default: `digest`.
    pub pin_as: PinAs,
    /// What the validating form does with verified images that have only a tag. Default: allow, with a warning.
    pub tags: Tags,
    /// Which images of an update are judged. Default: those that changed.
    pub updates: Updates,
    /// Kinds with a Pod template, beside Kubernetes's own.
    pub extra_templates: Vec<ExtraTemplate>,
}

/// Whose pull secrets are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullSecrets {
    /// None.
    None,
    /// The Pod's.
    Pod,
    /// The Pod's, then its service account's.
    PodAndServiceAccount,
}

/// Which objects the mutating form changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// Pods.
    Pods,
    /// Pods and all objects with Pod templates.
    All,
    /// None.
    None,
}

/// How a pinned image is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinAs {
    /// `REPOSITORY@DIGEST`.
    Digest,
    /// `REPOSITORY:TAG@DIGEST`.
    TagAndDigest,
}

/// What the validating form does with verified images that have only a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tags {
    /// They run, with a warning.
    Allow,
    /// They do not run.
    Refuse,
}

/// Which images of an update are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updates {
    /// Those that the object did not have before.
    Changed,
    /// All.
    All,
}

/// A kind with a Pod template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraTemplate {
    /// Its API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The JSON pointer of the Pod template.
    pub pod_template: String,
}
