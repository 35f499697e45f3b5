//! Objects that this service and the tool write. An object is changed only if it is as it was read, so that two writers
//! do not undo each other's changes.

use std::fmt;

use bytes::Bytes;
use hyper::Method;
use limits::Deadline;
use notary::text::printable;
use serde_json::Value;

use super::error::{ClusterError, Object, ObjectKind, Resource, Verb};
use super::names::{is_label, is_subdomain};
use super::request::{Answer, Call};
use super::{Cluster, MAX_ANSWER};

const JSON: &str = "application/json";
/// The name of this program among those that change objects.
const MANAGER: &str = "notation-aws-signer";

impl Resource {
    /// `Secret`
    pub const SECRET: &'static Self = &Self::new("Secret", "v1", "secrets", true);
    /// `Lease`
    pub const LEASE: &'static Self = &Self::new("Lease", "coordination.k8s.io/v1", "leases", true);
    /// `Deployment`
    pub const DEPLOYMENT: &'static Self = &Self::new("Deployment", "apps/v1", "deployments", true);
    /// `Pod`
    pub const POD: &'static Self = &Self::new("Pod", "v1", "pods", true);
    /// `ValidatingWebhookConfiguration`
    pub const VALIDATING_WEBHOOK: &'static Self =
        &Self::webhook("ValidatingWebhookConfiguration", "validatingwebhookconfigurations");
    /// `MutatingWebhookConfiguration`
    pub const MUTATING_WEBHOOK: &'static Self =
        &Self::webhook("MutatingWebhookConfiguration", "mutatingwebhookconfigurations");

    const fn new(kind: &'static str, api_version: &'static str, plural: &'static str, is_namespaced: bool) -> Self {
        Self { kind, api_version, plural, is_namespaced }
    }

    const fn webhook(kind: &'static str, plural: &'static str) -> Self {
        Self::new(kind, "admissionregistration.k8s.io/v1", plural, false)
    }

    /// The resource of objects of this kind, if this program writes such.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.kind == kind && known.api_version == api_version)
    }
}

const RBAC: &str = "rbac.authorization.k8s.io/v1";
static KNOWN: [Resource; 14] = [
    *Resource::SECRET,
    *Resource::LEASE,
    *Resource::DEPLOYMENT,
    *Resource::VALIDATING_WEBHOOK,
    *Resource::MUTATING_WEBHOOK,
    Resource::new("Namespace", "v1", "namespaces", false),
    Resource::new("ServiceAccount", "v1", "serviceaccounts", true),
    Resource::new("ConfigMap", "v1", "configmaps", true),
    Resource::new("Service", "v1", "services", true),
    Resource::new("Role", RBAC, "roles", true),
    Resource::new("RoleBinding", RBAC, "rolebindings", true),
    Resource::new("ClusterRole", RBAC, "clusterroles", false),
    Resource::new("ClusterRoleBinding", RBAC, "clusterrolebindings", false),
    Resource::new("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets", true),
];

/// The result of a change.
#[derive(Clone, PartialEq)]
pub enum Written {
    /// The object as it is now.
    Done(Value),
    /// Another client was first.
    Conflict,
}

/// Without the object, which may be a Secret.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(object) => f.debug_tuple("Done").field(&object["metadata"]["resourceVersion"]).finish(),
            Self::Conflict => f.write_str("Conflict"),
        }
    }
}

impl Cluster {
    /// An object, if it exists. `namespace` is empty for kinds that are in none.
    ///
    /// # Errors
    /// Returns [`ClusterError`] if the API server does not answer, or refuses it.
    pub async fn object(
        &self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
        deadline: Deadline,
    ) -> Result<Option<Value>, ClusterError> {
        let place = Place::new(Verb::Get, resource, namespace, name)?;
        let path = place.path();
        match self.0.api.call_before(deadline, &place.object, Call::get(&path, JSON), MAX_ANSWER).await? {
            Answer::NotFound => Ok(None),
            answer => place.read(answer).map(Some),
        }
    }

    /// Creates an object.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub async fn create_object(
        &self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
        object: &Value,
        deadline: Deadline,
    ) -> Result<Written, ClusterError> {
        let place = Place::new(Verb::Create, resource, namespace, name)?;
        place.written(self.send_object(&place, "", (object, JSON), deadline).await)
    }

    /// Asks whether an object could be created, without creating it.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub async fn try_create(
        &self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
        object: &Value,
        deadline: Deadline,
    ) -> Result<(), ClusterError> {
        let place = Place::new(Verb::Create, resource, namespace, name)?;
        match self.send_object(&place, "&dryRun=All", (object, JSON), deadline).await? {
            Answer::Found(_) | Answer::TooLarge => Ok(()),
            answer => place.read(answer).map(|_| ()),
        }
    }

    /// Replaces an object by one with the version that was read.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub async fn replace_object(
        &self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
        object: &Value,
        deadline: Deadline,
    ) -> Result<Written, ClusterError> {
        let place = Place::new(Verb::Update, resource, namespace, name)?;
        place.written(self.send_object(&place, "", (object, JSON), deadline).await)
    }

    /// Changes an object that is in no namespace by a strategic merge patch.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub async fn patch_object(
        &self,
        resource: &'static Resource,
        name: &str,
        patch: &Value,
        deadline: Deadline,
    ) -> Result<Written, ClusterError> {
        let place = Place::new(Verb::Patch, resource, "", name)?;
        let body = (patch, "application/strategic-merge-patch+json");
        place.written(self.send_object(&place, "", body, deadline).await)
    }

    /// Creates an object or makes it have these members, by server-side apply.
    ///
    /// # Errors
    /// As [`Self::object`], and [`ClusterError::Unsupported`] if the kind is not one that this program writes.
    pub async fn apply(&self, object: &Value, deadline: Deadline) -> Result<Value, ClusterError> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        let resource = Resource::of(version, kind)
            .ok_or_else(|| ClusterError::Unsupported { kind: printable(kind), api_version: printable(version) })?;
        let place = Place::new(Verb::Patch, resource, text("/metadata/namespace"), text("/metadata/name"))?;
        let body = (object, "application/apply-patch+yaml");
        match place.written(self.send_object(&place, "&force=true", body, deadline).await)? {
            Written::Done(object) => Ok(object),
            Written::Conflict => Err(place.malformed("another client changes it at the same time")),
        }
    }

    /// Sends an object to its place; `query` is added to the path.
    async fn send_object(
        &self,
        place: &Place,
        query: &str,
        (body, media_type): (&Value, &'static str),
        deadline: Deadline,
    ) -> Result<Answer, ClusterError> {
        let path = format!("{}?fieldManager={MANAGER}{query}", place.path());
        let body = Some((Bytes::from(body.to_string()), media_type));
        let call = Call { method: place.method(), path: &path, accept: JSON, body };
        self.0.api.call_before(deadline, &place.object, call, MAX_ANSWER).await
    }
}

/// An object, and what is done with it.
struct Place {
    object: Object,
    verb: Verb,
    resource: &'static Resource,
}

impl Place {
    /// Names become a part of a URL.
    fn new(verb: Verb, resource: &'static Resource, namespace: &str, name: &str) -> Result<Self, ClusterError> {
        let kind = ObjectKind::Managed(verb, resource);
        let object = Object { kind, namespace: namespace.to_owned(), name: name.to_owned() };
        let place = Self { object, verb, resource };
        let is_place = if resource.is_namespaced { is_label(namespace) } else { namespace.is_empty() };
        if is_place && is_subdomain(name) { Ok(place) } else { Err(place.malformed("this is not a valid name")) }
    }

    /// The path of the object, or of its kind if it is created.
    fn path(&self) -> String {
        let Resource { api_version, plural, is_namespaced, .. } = *self.resource;
        let root = if api_version.contains('/') { "apis" } else { "api" };
        let mut path = format!("/{root}/{api_version}");
        if is_namespaced {
            path.push_str(&format!("/namespaces/{}", self.object.namespace));
        }
        path.push_str(&format!("/{plural}"));
        if self.verb != Verb::Create {
            path.push_str(&format!("/{}", self.object.name));
        }
        path
    }

    fn method(&self) -> Method {
        match self.verb {
            Verb::Get => Method::GET,
            Verb::Create => Method::POST,
            Verb::Update => Method::PUT,
            Verb::Patch => Method::PATCH,
        }
    }

    /// The result of a change by its answer.
    fn written(&self, answer: Result<Answer, ClusterError>) -> Result<Written, ClusterError> {
        match answer {
            // An object that was deleted meanwhile is a conflict, too.
            Ok(Answer::NotFound) if self.verb != Verb::Create => Ok(Written::Conflict),
            Err(ClusterError::Status { status: 409, .. }) => Ok(Written::Conflict),
            answer => self.read(answer?).map(Written::Done),
        }
    }

    fn malformed(&self, why: &str) -> ClusterError {
        ClusterError::Malformed { object: self.object.clone(), why: why.to_owned() }
    }

    fn read(&self, answer: Answer) -> Result<Value, ClusterError> {
        match answer {
            Answer::Found(text) => serde_json::from_slice::<Value>(&text)
                .ok()
                .filter(|object| object["metadata"]["resourceVersion"].is_string())
                .ok_or_else(|| self.malformed("it is no object of Kubernetes")),
            Answer::Forbidden(message) => Err(ClusterError::Forbidden { object: self.object.clone(), message }),
            Answer::TooLarge => Err(self.malformed("it is too large")),
            Answer::NotFound => {
                let message = "the namespace or the kind does not exist".to_owned();
                Err(ClusterError::Status { object: self.object.clone(), status: 404, message })
            }
        }
    }
}
