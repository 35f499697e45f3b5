//! The AdmissionReview (`admission.k8s.io/v1`): read once into a request that cannot be wrong.

use super::super::Record;
use super::super::json::{Arena, Below, Json, LeaveOut};
use super::pull::is_name;
use super::subject::Subject;
use crate::config::Kubernetes;
use crate::decision::{Decided, Verdict};
use crate::frontends::shape::{Malformed, Node, short};

/// The longest `uid`. Those of the API server are UUIDs.
const MAX_UID: usize = 256;

/// Who set which field of an object is half of its text, and changes nothing. A webhook that is given it need not read
/// it.
const LEAVE_OUT: LeaveOut = {
    const MANAGED_FIELDS: Below = Below::Members(&[("metadata", Below::Members(&[("managedFields", Below::All)]))]);
    &[("request", Below::Members(&[("object", MANAGED_FIELDS), ("oldObject", MANAGED_FIELDS)]))]
};

/// A request to admit an object: what does not depend on its images.
#[derive(Debug)]
pub(super) struct Request {
    /// What the answer repeats.
    pub(super) uid: String,
    /// The namespace of the request. That of the object does not count.
    pub(super) namespace: Option<String>,
    /// The kind, with its group if it has one: `Deployment.apps`.
    pub(super) kind: String,
    operation: Operation,
    user: Option<String>,
    name: Option<String>,
    is_dry_run: bool,
}

/// The operation on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// The object is new.
    Create,
    /// The object, or a subresource of it, changes.
    Update,
    /// The object is deleted.
    Delete,
    /// A connection to the object, such as `kubectl exec`.
    Connect,
}

/// Reads the body of a request.
///
/// # Errors
/// Returns an error if it is not an AdmissionReview, or if something that counts has the wrong shape.
pub(super) fn read(body: &[u8], settings: &Kubernetes) -> Result<(Request, Subject), Malformed> {
    let arena = Arena::for_text(body.len());
    let document = Json::read_without(body, LEAVE_OUT, &arena)?;
    let review = Node::root(&document);
    review.exactly("kind", "AdmissionReview")?;
    review.exactly("apiVersion", "admission.k8s.io/v1")?;
    let request = review.required("request")?;
    let uid = request.required("uid")?;
    let operation = Operation::read(&request)?;
    let kind = request.required("kind")?;
    let kind = (kind.text_of("group")?.unwrap_or_default(), kind.required("kind")?.text()?);
    let (user, is_node) = user(&request)?;
    let read = Request {
        uid: uid.checked(|uid| (1..=MAX_UID).contains(&uid.len()), "a text of 1 to 256 bytes")?.to_owned(),
        namespace: match request.member("namespace")? {
            Some(namespace) => {
                let name = namespace.checked(|name| name.is_empty() || is_name(name), "the name of a namespace")?;
                Some(name).filter(|name| !name.is_empty()).map(str::to_owned)
            }
            None => None,
        },
        kind: short(&if kind.0.is_empty() { kind.1.to_owned() } else { format!("{}.{}", kind.1, kind.0) }),
        operation,
        user: user.map(short),
        name: name(&document),
        is_dry_run: request.member("dryRun")?.map_or(Ok(false), |dry_run| dry_run.bool())?,
    };
    Ok((read, Subject::read(&request, operation, kind, is_node, settings)?))
}

/// The name of the user, and whether it is a node.
fn user<'v>(request: &Node<'v, '_>) -> Result<(Option<&'v str>, bool), Malformed> {
    let Some(user) = request.member("userInfo")? else { return Ok((None, false)) };
    let mut is_node = false;
    if let Some(groups) = user.member("groups")? {
        for group in groups.items()? {
            is_node |= group.text()? == "system:nodes";
        }
    }
    Ok((user.text_of("username")?, is_node))
}

/// The name of the object. The API server has none in the request while it is to be generated.
fn name(document: &Json<'_>) -> Option<String> {
    let names = ["/request/name", "/request/object/metadata/name", "/request/object/metadata/generateName"];
    let text = |pointer| document.pointer(pointer).and_then(Json::str).filter(|text| !text.is_empty());
    names.into_iter().find_map(text).map(short)
}

impl Operation {
    fn read(request: &Node<'_, '_>) -> Result<Self, Malformed> {
        let operation = request.required("operation")?;
        let is_known = |text: &str| Self::from_name(text).is_some();
        let text = operation.checked(is_known, "CREATE, UPDATE, DELETE or CONNECT")?;
        Ok(Self::from_name(text).unwrap_or(Self::Create))
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Create, Self::Update, Self::Delete, Self::Connect].into_iter().find(|known| known.as_str() == name)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

impl Request {
    /// What the log says about it.
    pub(super) fn record(&self, verdict: Verdict, images: Vec<Decided>) -> Record {
        Record {
            adapter: "kubernetes",
            uid: Some(short(&self.uid)),
            user: self.user.clone(),
            namespace: self.namespace.clone(),
            kind: Some(self.kind.clone()),
            name: self.name.clone(),
            operation: Some(self.operation.as_str().to_owned()),
            dry_run: self.is_dry_run,
            verdict,
            images,
        }
    }
}
