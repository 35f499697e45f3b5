//! Kubernetes: AdmissionReview, `POST /validate` and `POST /mutate`.
//!
//! The images of Pods and of objects with Pod templates are judged when these are created or updated. A malformed
//! request is answered with HTTP 400 and a sentence, which the API server shows; all others with HTTP 200 and a
//! response. Objects with more distinct images than `server.limits.images` are refused unjudged, with the code 413.

mod answer;
mod images;
mod objects;
mod patch;
pub(super) mod pull;
mod review;
mod subject;
mod tags;
#[cfg(test)]
mod tests;
pub(super) mod words;

use std::sync::Arc;
use std::time::Instant;

use self::answer::Response;
use self::images::Images;
use self::review::Request;
use self::subject::Subject;
use super::{Answer, Decide, Incoming, Seldom, Settings, caller_deadline};
use crate::config::{Pin, Tags};
use crate::decision::{Decided, Decision, ImageDecision, Outcome, PullIdentity, Question, Verdict};

/// The longest image in the log, in bytes. Valid references are shorter.
const MAX_LOGGED_IMAGE: usize = 1024;

/// Answers `POST /validate`.
pub async fn validate(decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    answer(Form::Validating, decider, settings, incoming).await
}

/// Answers `POST /mutate`: as [`validate`], and replaces images by their verified digests.
pub async fn mutate(decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    answer(Form::Mutating, decider, settings, incoming).await
}

/// The two forms of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Validating,
    Mutating,
}

async fn answer(form: Form, decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    let (request, subject) = match review::read(&incoming.body, settings.kubernetes) {
        Ok(read) => read,
        Err(malformed) => return Answer::text(400, malformed.sentence("the AdmissionReview")),
    };
    let deadline = caller_deadline(&incoming, settings.limits);
    // What is needed was copied: a large body does not stay in memory while registries are asked.
    drop(incoming);
    match subject {
        Subject::Nothing(reason) => Response::allowed(&request.uid, format!("none: {reason}")).answer(),
        Subject::OtherKind => other_kind(&request, settings.unjudged),
        Subject::MirrorPod(images) => mirror_pod(&request, images, settings.limits.images),
        Subject::Images { images, .. } if images.distinct.is_empty() => {
            let response = Response::allowed(&request.uid, "none: the object has no new image".to_owned());
            response.answer().recorded(request.record(Verdict::Allowed, Vec::new()))
        }
        Subject::Images { images, .. } if images.distinct.len() > settings.limits.images => {
            let response = Response::too_many(&request.uid, images.distinct.len(), settings.limits.images);
            response.answer().recorded(request.record(Verdict::Refused, Vec::new()))
        }
        Subject::Images { mut images, specs, is_pod } => {
            let question = Question {
                namespace: request.namespace.clone(),
                images: images.distinct.clone(),
                // Secrets are in namespaces.
                pull: request
                    .namespace
                    .as_ref()
                    .map_or_else(PullIdentity::default, |_| std::mem::take(&mut images.pull)),
                deadline,
            };
            let decision = decider.decide(question).await;
            judged(form, settings, &request, &images, &Templates { specs, is_pod }, decision)
        }
    }
}

/// Where the Pods' specs are.
struct Templates {
    /// Their JSON pointers.
    specs: Vec<String>,
    /// Whether the object is the Pod.
    is_pod: bool,
}

/// The answer to a request whose images were judged.
fn judged(
    form: Form,
    settings: Settings<'_>,
    request: &Request,
    images: &Images,
    templates: &Templates,
    mut decision: Decision,
) -> Answer {
    if !decision.is_about(images.distinct.iter().map(String::as_str)) {
        return Answer::text(500, super::UNDECIDED);
    }
    let kubernetes = settings.kubernetes;
    let is_validating = form == Form::Validating;
    if is_validating && kubernetes.tags == Tags::Refuse {
        tags::refuse(&mut decision);
    }
    let is_pinning = match kubernetes.pin {
        Pin::Pods => templates.is_pod,
        Pin::All => true,
        Pin::None => false,
    };
    let response = Response::decided(&request.uid, &decision).with_warnings(words::warnings(&decision, is_validating));
    let verdict = decision.verdict();
    let response = if form == Form::Mutating && is_pinning && verdict == Verdict::Allowed {
        response.with_patch(patch::patch(images, &templates.specs, &decision, kubernetes.pin_as))
    } else {
        response
    };
    response.answer().recorded(request.record(verdict, decision.images.into_iter().map(logged).collect()))
}

/// The answer for a kind that is not judged.
fn other_kind(request: &Request, unjudged: &Seldom) -> Answer {
    let kind = &request.kind;
    if unjudged.is_due(kind, Instant::now()) {
        let advice = "remove it from the webhook's rules, or name its Pod template in kubernetes.extraTemplates";
        tracing::warn!(%kind, "objects of this kind are not judged; {advice}");
    }
    let response = Response::allowed(&request.uid, "none: objects of this kind are not judged".to_owned());
    let warning = words::warning(&request.kind, ": objects of this kind are not judged; their images are not verified");
    response.with_warnings(vec![warning]).answer()
}

/// The answer for a Pod that its node runs already. It is logged as a rule that audits would be.
fn mirror_pod(request: &Request, images: Vec<String>, most: usize) -> Answer {
    let rule: Arc<str> = Arc::from("mirror pods");
    let unverified = |image| ImageDecision {
        image,
        outcome: Outcome::Exempt,
        is_enforced: false,
        is_warned: false,
        rule: Some(Arc::clone(&rule)),
        digest: None,
        name: None,
        signer: None,
        why: None,
        is_cached: false,
        is_stale: false,
    };
    let images: Vec<_> = images.into_iter().take(most).map(unverified).map(Decided::from).map(logged).collect();
    let response = Response::allowed(&request.uid, format!("mirror pod, not judged: {}", words::summary(&images)));
    response.answer().recorded(request.record(Verdict::Allowed, images))
}

/// An image as the log has it.
pub(super) fn logged(image: Decided) -> Decided {
    if image.image.len() <= MAX_LOGGED_IMAGE {
        return image;
    }
    image.changed(|image| image.image.truncate(image.image.floor_char_boundary(MAX_LOGGED_IMAGE)))
}
