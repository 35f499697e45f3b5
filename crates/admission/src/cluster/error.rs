//! Why Kubernetes cannot be asked, and why a Secret cannot be used, in plain words.

use std::fmt;
use std::time::Duration;

use notary::text::printable;

use crate::decision::Code;

/// Why Kubernetes cannot be asked, or gave no answer that can be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClusterError {
    /// Neither a service account nor a kubeconfig was found.
    #[error(
        "Kubernetes cannot be reached: neither a kubeconfig ({kubeconfig}) nor the service account of a Pod \
         ({in_cluster}) can be used; set KUBECONFIG, or run in a Pod with automountServiceAccountToken"
    )]
    NoConfiguration {
        /// Why the service account cannot be used.
        in_cluster: String,
        /// Why the kubeconfig cannot be used.
        kubeconfig: String,
    },
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig cannot be used: {0}")]
    Kubeconfig(String),
    /// The configuration of the client is malformed.
    #[error("the client for Kubernetes cannot be set up: {0}; check the certificates and the user of the kubeconfig")]
    Client(String),
    /// The connection failed.
    #[error("{object} cannot be {}, because the Kubernetes API server cannot be reached: {why}", object.access())]
    Unreachable {
        /// What was asked for.
        object: Object,
        /// What happened.
        why: String,
    },
    /// No answer came in time.
    #[error(
        "{object} cannot be {}: the Kubernetes API server did not answer within {:.1} s",
        object.access(), within.as_secs_f32()
    )]
    Deadline {
        /// What was asked for.
        object: Object,
        /// The time.
        within: Duration,
    },
    /// The server did not accept the token of this service.
    #[error(
        "{object} cannot be {}: the Kubernetes API server does not accept the credentials (HTTP 401); \
         check the token of the service account, or the login of the kubeconfig",
        object.access()
    )]
    Unauthorized {
        /// What was asked for.
        object: Object,
    },
    /// The server answered with an error.
    #[error("{object} cannot be {}: the Kubernetes API server answered with HTTP {status}: {message}", object.access())]
    Status {
        /// What was asked for.
        object: Object,
        /// The HTTP status.
        status: u16,
        /// The server's words. They are printable.
        message: String,
    },
    /// The state that a list began with is gone. Its rest can be read as it is now.
    #[error("{object} cannot be read: the Kubernetes API server no longer has the state that it began with (HTTP 410)")]
    Expired {
        /// What was asked for.
        object: Object,
        /// Where the rest begins.
        from: String,
    },
    /// This service may not do it.
    #[error("{object} cannot be {}: {message}; {}", object.access(), Grant(object))]
    Forbidden {
        /// What was asked for.
        object: Object,
        /// The server's words. They are printable.
        message: String,
    },
    /// The Secret that this service writes may not be changed.
    #[error("the Secret {namespace}/{name} is immutable; delete it, and a new one is made")]
    Immutable {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The Secret that this service would write has something else.
    #[error(
        "the Secret {namespace}/{name} has something else than this service writes, and is not overwritten; delete it, \
         or name another in server.tls.selfManaged.secret"
    )]
    Foreign {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Objects of this kind are not written.
    #[error("objects of the kind {kind} ({api_version}) cannot be applied")]
    Unsupported {
        /// The kind. It is printable.
        kind: String,
        /// Its group and version. They are printable.
        api_version: String,
    },
    /// The answer is malformed.
    #[error("the Kubernetes API server gave an answer for {object} that cannot be read: {why}")]
    Malformed {
        /// What was asked for.
        object: Object,
        /// What is wrong. It contains no values of the answer.
        why: String,
    },
    /// The Secret that the configuration names is missing or has no credentials.
    #[error(transparent)]
    Unusable(Unusable),
}

impl ClusterError {
    /// The kind of the failure.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Deadline { .. } => Code::Deadline,
            Self::Status { status: 429, .. } => Code::Throttled,
            Self::Unreachable { .. } | Self::Status { .. } | Self::Expired { .. } | Self::Malformed { .. } => {
                Code::Unreachable
            }
            Self::NoConfiguration { .. }
            | Self::Kubeconfig(_)
            | Self::Client(_)
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Immutable { .. }
            | Self::Foreign { .. }
            | Self::Unsupported { .. }
            | Self::Unusable(_) => Code::Credentials,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    /// The kind.
    pub kind: ObjectKind,
    /// Its namespace, if it is in one.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// A kind of object that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A Secret.
    Secret,
    /// A ServiceAccount.
    ServiceAccount,
    /// All namespaces.
    Namespaces,
    /// Whether a token is valid.
    TokenReview,
    /// The Pods of a namespace, or all.
    Pods,
    /// A report about Pods, or all.
    Report,
    /// An object that is written, and what is done with it.
    Managed(Verb, &'static Resource),
}

/// What is done with an object, as permissions name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// It is read.
    Get,
    /// It is made.
    Create,
    /// It is replaced as a whole.
    Update,
    /// It is changed in part.
    Patch,
}

/// A kind of objects that are written, and its place in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Resource {
    /// The kind.
    pub kind: &'static str,
    /// The group and the version as `apiVersion` has them.
    pub api_version: &'static str,
    /// The name in URLs and permissions.
    pub plural: &'static str,
    /// Whether its objects are in namespaces.
    pub is_namespaced: bool,
}

impl Object {
    /// A Secret.
    #[must_use]
    pub fn secret(namespace: &str, name: &str) -> Self {
        Self { kind: ObjectKind::Secret, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    pub(super) fn service_account(namespace: &str, name: &str) -> Self {
        Self { kind: ObjectKind::ServiceAccount, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    pub(super) fn token_review() -> Self {
        Self { kind: ObjectKind::TokenReview, namespace: String::new(), name: String::new() }
    }

    pub(super) fn pods(namespace: Option<&str>) -> Self {
        Self { kind: ObjectKind::Pods, namespace: namespace.unwrap_or_default().to_owned(), name: String::new() }
    }

    /// All reports.
    pub(super) fn reports() -> Self {
        Self::report("", "")
    }

    pub(super) fn report(namespace: &str, name: &str) -> Self {
        Self { kind: ObjectKind::Report, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    pub(super) fn namespaces() -> Self {
        Self { kind: ObjectKind::Namespaces, namespace: String::new(), name: String::new() }
    }

    /// What is done with it.
    fn access(&self) -> &'static str {
        match self.kind {
            ObjectKind::Managed(Verb::Create, _) => "created",
            ObjectKind::Managed(Verb::Update | Verb::Patch, _) => "changed",
            ObjectKind::TokenReview => "made",
            ObjectKind::Report if !self.namespace.is_empty() => "written",
            _ => "read",
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ObjectKind::Secret => "Secret",
            ObjectKind::ServiceAccount => "ServiceAccount",
            ObjectKind::Namespaces => return f.write_str("the list of namespaces"),
            ObjectKind::TokenReview => return f.write_str("the review of a token"),
            ObjectKind::Pods if self.namespace.is_empty() => return f.write_str("the list of all Pods"),
            ObjectKind::Pods => return write!(f, "the list of Pods in {}", Short(&self.namespace)),
            ObjectKind::Report if self.namespace.is_empty() => return f.write_str("the list of all PolicyReports"),
            ObjectKind::Report => "PolicyReport",
            ObjectKind::Managed(_, resource) if self.namespace.is_empty() => {
                return write!(f, "the {} {}", resource.kind, Short(&self.name));
            }
            ObjectKind::Managed(_, resource) => resource.kind,
        };
        write!(f, "the {kind} {}/{}", Short(&self.namespace), Short(&self.name))
    }
}

/// A name of others: names of Kubernetes have at most 253 characters.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(253).collect();
        f.write_str(&printable(&shown))?;
        if shown.len() < self.0.len() { f.write_str("…") } else { Ok(()) }
    }
}

/// What permits this service to read or write an object.
struct Grant<'a>(&'a Object);

impl fmt::Display for Grant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verbs_and_resource = match self.0.kind {
            ObjectKind::Secret => "`get` on `secrets`",
            ObjectKind::ServiceAccount => "`get` on `serviceaccounts`",
            ObjectKind::Namespaces => {
                return f.write_str("grant this service's account `list` and `watch` on `namespaces` by a ClusterRole");
            }
            ObjectKind::TokenReview => {
                return f.write_str("bind this service's account to the ClusterRole `system:auth-delegator`");
            }
            ObjectKind::Pods if self.0.namespace.is_empty() => {
                return f.write_str("grant this account `list` on `pods` by a ClusterRole");
            }
            ObjectKind::Pods => "`list` on `pods`",
            ObjectKind::Report if self.0.namespace.is_empty() => {
                let what = "`list` on `policyreports`, or `reports` of OpenReports, by a ClusterRole";
                return write!(f, "grant this service's account {what}");
            }
            ObjectKind::Report => "`create`, `patch` and `delete` on `policyreports`, or `reports` of OpenReports,",
            ObjectKind::Managed(verb, Resource { plural, is_namespaced, .. }) => {
                let verb = match verb {
                    Verb::Get => "get",
                    Verb::Create => "create",
                    Verb::Update => "update",
                    Verb::Patch => "patch",
                };
                return match *is_namespaced {
                    true => {
                        let namespace = Short(&self.0.namespace);
                        write!(f, "grant this account `{verb}` on `{plural}` in the namespace {namespace}")
                    }
                    false => write!(f, "grant this account `{verb}` on `{plural}` by a ClusterRole"),
                };
            }
        };
        let namespace = Short(&self.0.namespace);
        write!(f, "grant this service's account {verbs_and_resource} in the namespace {namespace}")
    }
}

/// A source of pull credentials that cannot be used. It matters only if no other source works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The Secret or ServiceAccount.
    pub object: Object,
    /// Why.
    pub why: WhyUnusable,
}

/// Why a source of pull credentials cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyUnusable {
    /// It does not exist.
    NotFound,
    /// This service may not read it. The server's words, printable.
    Forbidden(String),
    /// Names of this form do not exist.
    InvalidName,
    /// The Secret has another type.
    Type(String),
    /// The Secret does not have the entry of its type.
    NoEntry(&'static str),
    /// The content is malformed: what is wrong, without values.
    Malformed(String),
    /// The answer or the content has more bytes than this.
    TooLarge(usize),
    /// A Pod and its service account have more secrets than this.
    TooMany(usize),
}

impl std::error::Error for Unusable {}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.object;
        match &self.why {
            WhyUnusable::NotFound => write!(f, "{object} does not exist"),
            WhyUnusable::Forbidden(message) => write!(f, "{object} cannot be read: {message}; {}", Grant(object)),
            WhyUnusable::InvalidName => write!(f, "{object} does not exist: this is not a valid name in Kubernetes"),
            WhyUnusable::Type(found) => write!(
                f,
                "{object} has the type {}; pull secrets have the type kubernetes.io/dockerconfigjson",
                Short(found)
            ),
            WhyUnusable::NoEntry(entry) => write!(f, "{object} has no entry {entry}"),
            WhyUnusable::Malformed(why) => {
                write!(f, "{object} is malformed: {why}; create it again with `kubectl create secret docker-registry`")
            }
            WhyUnusable::TooLarge(most) => write!(f, "{object} has more than {most} bytes"),
            WhyUnusable::TooMany(most) => {
                write!(f, "{object} is not used: only the first {most} pull secrets of a Pod are")
            }
        }
    }
}
