//! The admission plugin ImagePolicyWebhook of the API server: `POST /imagereview`, ImageReview of
//! `imagepolicy.k8s.io/v1alpha1`.
//!
//! The API server asks about Pods only. It sends the images of all containers, the Pod's annotations whose keys end
//! with `.image-policy.k8s.io/…`, and the namespace, but no image volumes and no names of secrets. Annotations change
//! no verdict.
//!
//! There is no answer for what cannot be judged now: an HTTP error would leave the verdict to `defaultAllow` of the API
//! server's configuration. So such images are refused, with a reason that says so.

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::json::{Arena, Json};
use super::kubernetes::pull::is_name;
use super::kubernetes::{logged, words};
use super::shape::{Malformed, Node};
use super::{Answer, Decide, Incoming, Record, Settings, caller_deadline};
use crate::decision::{Decided, Decision, PullIdentity, Question, Verdict};

const API_VERSION: &str = "imagepolicy.k8s.io/v1alpha1";
const KIND: &str = "ImageReview";

/// What is asked.
#[derive(Debug)]
struct Request {
    /// The images, each once, in the order in which they come first.
    images: Vec<String>,
    namespace: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageReview {
    api_version: &'static str,
    kind: &'static str,
    status: Status,
}

/// The answer, without the request: the API server reads the status alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    audit_annotations: Annotations,
}

/// What the audit log has. The API server puts the plugin's name before the keys.
#[derive(Serialize)]
struct Annotations {
    decision: &'static str,
    images: String,
}

/// `POST /imagereview`
pub async fn review(decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    let request = match read(&incoming.body) {
        Ok(request) => request,
        Err(malformed) => return Answer::text(400, malformed.sentence("the ImageReview")),
    };
    let most = settings.limits.images;
    if request.images.len() > most {
        let reason = format!(
            "the Pod has {} different images, and at most {most} are judged; none of them was: raise \
             server.limits.images, or use fewer images",
            request.images.len()
        );
        let images = format!("{} images, none judged", request.images.len());
        let answer = answer(Verdict::Refused, Some(reason), images);
        return answer.recorded(record(request.namespace, Verdict::Refused, Vec::new()));
    }
    let deadline = caller_deadline(&incoming, settings.limits);
    // What is needed was copied: a large body does not stay in memory while registries are asked.
    drop(incoming);
    if request.images.is_empty() {
        let answer = answer(Verdict::Allowed, None, "none: the Pod names no image".to_owned());
        return answer.recorded(record(request.namespace, Verdict::Allowed, Vec::new()));
    }
    let question = Question {
        namespace: request.namespace.clone(),
        images: request.images.clone(),
        // The request names neither secrets nor a service account.
        pull: PullIdentity::default(),
        deadline,
    };
    let decision = decider.decide(question).await;
    if !decision.is_about(request.images.iter().map(String::as_str)) {
        return Answer::text(500, super::UNDECIDED);
    }
    let verdict = decision.verdict();
    let reason = (verdict != Verdict::Allowed).then(|| reason(&decision));
    let answer = answer(verdict, reason, words::summary(&decision.images));
    answer.recorded(record(request.namespace, verdict, decision.images.into_iter().map(logged).collect()))
}

/// What is wrong with the images, and whether trying again makes sense.
fn reason(decision: &Decision) -> String {
    let message = words::message(decision);
    match decision.verdict() {
        Verdict::Undetermined => format!("cannot be judged now, try again: {message}"),
        _ => message,
    }
}

fn read(body: &[u8]) -> Result<Request, Malformed> {
    let arena = Arena::for_text(body.len());
    let document = Json::read(body, &arena)?;
    let review = Node::root(&document);
    review.exactly("kind", KIND)?;
    review.exactly("apiVersion", API_VERSION)?;
    let spec = review.required("spec")?;
    let mut images: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    if let Some(containers) = spec.member("containers")? {
        for container in containers.items()? {
            // A container without image names nothing to pull.
            if let Some(image) = container.text_of("image")?
                && seen.insert(image)
            {
                images.push(image.to_owned());
            }
        }
    }
    let namespace = match spec.member("namespace")? {
        Some(namespace) => {
            let is_valid = |name: &str| name.is_empty() || is_name(name);
            Some(namespace.checked(is_valid, "the name of a namespace")?.to_owned())
        }
        None => None,
    };
    Ok(Request { images, namespace: namespace.filter(|name| !name.is_empty()) })
}

fn answer(verdict: Verdict, reason: Option<String>, images: String) -> Answer {
    let audit_annotations = Annotations { decision: verdict.as_str(), images };
    let status = Status { allowed: verdict == Verdict::Allowed, reason, audit_annotations };
    match serde_json::to_vec(&ImageReview { api_version: API_VERSION, kind: KIND, status }) {
        Ok(body) => Answer::json(200, body),
        Err(_) => Answer::text(500, "internal error: the answer cannot be written"),
    }
}

fn record(namespace: Option<String>, verdict: Verdict, images: Vec<Decided>) -> Record {
    Record {
        adapter: "imagereview",
        uid: None,
        user: None,
        namespace,
        kind: Some("Pod".to_owned()),
        name: None,
        operation: None,
        dry_run: false,
        verdict,
        images,
    }
}
