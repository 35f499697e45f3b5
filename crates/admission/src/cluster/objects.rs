//! Objects that this service and the tool write. An object is changed only if it is as it was read, so that two writers
//! do not undo each other's changes.

use std::fmt;

use bytes::Bytes;
use hyper::Method;
use limits::Deadline;
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
        let path = place.path(true);
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
        self.write(&place, Method::POST, &manager(place.path(false)), (object, JSON), deadline).await
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
        let path = manager(place.path(false)) + "&dryRun=All";
        let body = Some((Bytes::from(object.to_string()), JSON));
        let call = Call { method: Method::POST, path: &path, accept: JSON, body };
        match self.0.api.call_before(deadline, &place.object, call, MAX_ANSWER).await? {
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
        self.write(&place, Method::PUT, &manager(place.path(true)), (object, JSON), deadline).await
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
        let media_type = "application/strategic-merge-patch+json";
        self.write(&place, Method::PATCH, &manager(place.path(true)), (patch, media_type), deadline).await
    }

    /// Creates an object or makes it have these members, by server-side apply.
    ///
    /// # Errors
    /// As [`Self::object`], and if the kind is not one that this program writes.
    pub async fn apply(&self, object: &Value, deadline: Deadline) -> Result<Value, ClusterError> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, name, namespace) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
        let resource = Resource::of(text("/apiVersion"), kind).ok_or_else(|| ClusterError::Malformed {
            object: Object { kind: ObjectKind::Namespaces, namespace: namespace.to_owned(), name: name.to_owned() },
            why: format!("objects of the kind {} are not applied", notary::text::printable(kind)),
        })?;
        let place = Place::new(Verb::Patch, resource, namespace, name)?;
        let path = manager(place.path(true)) + "&force=true";
        let body = (object, "application/apply-patch+yaml");
        match self.write(&place, Method::PATCH, &path, body, deadline).await? {
            Written::Done(object) => Ok(object),
            Written::Conflict => Err(place.malformed("another client changes it at the same time")),
        }
    }

    async fn write(
        &self,
        place: &Place,
        method: Method,
        path: &str,
        (body, media_type): (&Value, &'static str),
        deadline: Deadline,
    ) -> Result<Written, ClusterError> {
        let body = Some((Bytes::from(body.to_string()), media_type));
        let call = Call { method, path, accept: JSON, body };
        match self.0.api.call_before(deadline, &place.object, call, MAX_ANSWER).await {
            // An object that was deleted meanwhile is a conflict, too.
            Ok(Answer::NotFound) if place.is_change() => Ok(Written::Conflict),
            Err(ClusterError::Status { status: 409, .. }) => Ok(Written::Conflict),
            answer => place.read(answer?).map(Written::Done),
        }
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

    fn path(&self, is_named: bool) -> String {
        let Resource { api_version, plural, is_namespaced, .. } = *self.resource;
        let root = if api_version.contains('/') { "apis" } else { "api" };
        let mut path = format!("/{root}/{api_version}");
        if is_namespaced {
            path.push_str(&format!("/namespaces/{}", self.object.namespace));
        }
        path.push_str(&format!("/{plural}"));
        if is_named {
            path.push_str(&format!("/{}", self.object.name));
        }
        path
    }

    fn is_change(&self) -> bool {
        matches!(self.verb, Verb::Update | Verb::Patch)
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

/// The path with the name of this program.
fn manager(path: String) -> String {
    path + "?fieldManager=" + MANAGER
}
