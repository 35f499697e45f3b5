//! What is judged of an object, and what is allowed without a look.

use super::images::Images;
use super::objects::Kind;
use super::review::Operation;
use crate::config::Kubernetes;
use crate::frontends::shape::{Malformed, Node, short};

/// The annotation of Pods that a node reports: it runs them already, from files of its own.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// What is judged of an object.
#[derive(Debug)]
pub(super) enum Subject {
    /// These images.
    Images {
        /// The images.
        images: Images,
        /// The JSON pointers of the Pods' specs: one for each template of the kind.
        specs: Vec<String>,
        /// Whether the object is a Pod, and not a template.
        is_pod: bool,
    },
    /// A node reports a Pod that it runs already, with these images.
    MirrorPod(Vec<String>),
    /// Nothing, for this reason.
    Nothing(&'static str),
    /// The kind is not one of those that are judged.
    OtherKind,
}

impl Subject {
    /// Reads what is judged of a request's object.
    ///
    /// # Errors
    /// Returns an error if the object is missing or has the wrong shape, and if kind and resource contradict each
    /// other.
    pub(super) fn read(
        request: &Node<'_, '_>,
        operation: Operation,
        (group, kind): (&str, &str),
        is_node: bool,
        settings: &Kubernetes,
    ) -> Result<Self, Malformed> {
        match operation {
            Operation::Create | Operation::Update => {}
            Operation::Delete => return Ok(Self::Nothing("objects are not judged when they are deleted")),
            Operation::Connect => return Ok(Self::Nothing("connections are not judged")),
        }
        let found = Kind::find(group, kind, &settings.extra_templates);
        let resource = match request.member("resource")? {
            Some(resource) => Some((
                resource.text_of("group")?.unwrap_or_default(),
                resource.text_of("resource")?.unwrap_or_default(),
            )),
            None => None,
        };
        let subresource = request.text_of("subResource")?;
        let is_about_pods = found.first().is_some_and(Kind::is_pod) || resource == Some(("", "pods"));
        if subresource.is_some_and(|name| !(name == "ephemeralcontainers" && is_about_pods)) {
            return Ok(Self::Nothing("this subresource has no images"));
        }
        if let Some((group, resource)) = resource
            && !Kind::can_be(found.first(), group, resource)
        {
            return Err(contradiction(("request.kind.kind", kind), ("request.resource.resource", resource)));
        }
        let Some(first) = found.first() else { return Ok(Self::OtherKind) };

        let object = request.required("object")?;
        if let Some(own) = object.text_of("kind")?.filter(|own| *own != kind) {
            return Err(contradiction(("request.kind.kind", kind), ("request.object.kind", own)));
        }
        let old = if operation == Operation::Update { request.member("oldObject")? } else { None };
        let images = Images::read(&found, &object, old.as_ref(), settings.updates)?;
        let is_deleted = is_deleted(&object)?;
        if let Some(old) = old
            && is_deleted
            && self::is_deleted(&old)?
        {
            return Ok(Self::Nothing("the object is being deleted"));
        }
        let is_mirror = has_annotation(&object, MIRROR)?;
        if is_mirror && is_node && operation == Operation::Create && first.is_pod() && subresource.is_none() {
            return Ok(Self::MirrorPod(images.distinct));
        }
        Ok(Self::Images { images, specs: found.iter().map(Kind::spec_pointer).collect(), is_pod: first.is_pod() })
    }
}

/// Whether an object has a `deletionTimestamp`. On creation it is what the user wrote, and the API server clears it. So
/// it counts only where the object before an update has it, too.
fn is_deleted(object: &Node<'_, '_>) -> Result<bool, Malformed> {
    match object.member("metadata")? {
        Some(metadata) => Ok(metadata.text_of("deletionTimestamp")?.is_some()),
        None => Ok(false),
    }
}

/// Whether an object has an annotation.
fn has_annotation(object: &Node<'_, '_>, name: &str) -> Result<bool, Malformed> {
    let Some(metadata) = object.member("metadata")? else { return Ok(false) };
    let Some(annotations) = metadata.member("annotations")? else { return Ok(false) };
    Ok(annotations.member(name)?.is_some())
}

fn contradiction(first: (&str, &str), second: (&str, &str)) -> Malformed {
    let text = |(place, value): (&str, &str)| format!("{place} \"{}\"", short(value));
    Malformed::Contradiction { first: text(first), second: text(second) }
}
