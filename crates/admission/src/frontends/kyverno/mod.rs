//! The adapter for Kyverno: `POST /checkimages`, which a ClusterPolicy calls as the service of an `apiCall`, with the
//! request and the answer of kyverno-notation-aws.
//!
//! A rule of the configuration says whether an image is exempt, warned about or enforced; the policy is the one that
//! `trustPolicy` names. Pods are not known here, so no pull secrets are used. Different from kyverno-notation-aws on
//! purpose: `metadata`, an annotation that users write, skips no check; `insecure` opens nothing; `attestations` are
//! refused; so is a `trustPolicy` that does not exist.

mod callers;
mod request;
mod selection;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::Serialize;

pub use self::callers::{ReviewTokens, TokenError, TokenReview};
use self::request::Request;
use super::json::{Arena, Json};
use super::kubernetes::logged;
use super::{Answer, Decide, Incoming, Record, Settings};
use crate::decision::{Decided, Decision, Outcome, PullIdentity, Question, Verdict};

/// The policy of requests that name none.
const DEFAULT_POLICY: &str = "default";
/// How many problems an answer has in full. Of the others it has the images.
const MAX_PROBLEMS: usize = 10;

/// The answer if all images may run.
#[derive(Serialize)]
struct Response<'a> {
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    results: Vec<Operation<'a>>,
}

/// An operation of a JSON patch (RFC 6902).
#[derive(Serialize)]
struct Operation<'a> {
    op: &'static str,
    path: &'a str,
    value: String,
}

/// `POST /checkimages`
pub async fn check_images<D: Decide>(decider: &D, settings: Settings<'_>, incoming: Incoming) -> Answer {
    let user = match caller(settings, &incoming).await {
        Ok(user) => user,
        Err(answer) => return answer,
    };
    let arena = Arena::for_text(incoming.body.len());
    let body = match Json::read(&incoming.body, &arena) {
        Ok(body) => body,
        Err(why) => return Answer::text(400, format!("the body is not acceptable JSON: {why}")),
    };
    let request = match request::read(&body, settings.limits.images) {
        Ok(request) => request,
        Err(why) => return Answer::text(400, why.sentence("the request")),
    };
    let record = |verdict, images| record(user.clone(), verdict, images);
    if request.has_attestations {
        let why = "attestations are not supported: remove `attestations` from the policy's apiCall";
        return Answer::text(406, why).recorded(record(Verdict::Refused, Vec::new()));
    }
    let policy = request.trust_policy.unwrap_or(DEFAULT_POLICY);
    let Some(decider) = decider.with_policy(policy) else {
        let why = format!(
            "the policy {policy:?} of trustPolicy does not exist: add it to `policies` of the service's configuration"
        );
        return Answer::text(406, notary::text::printable(&why)).recorded(record(Verdict::Refused, Vec::new()));
    };
    let question = Question {
        namespace: None,
        images: request.images.iter().map(|image| image.reference.clone()).collect(),
        pull: PullIdentity::default(),
        deadline: incoming.deadline,
    };
    let decision = decider.decide(question).await;
    if !decision.is_about(request.images.iter().map(|image| image.reference.as_str())) {
        return Answer::text(500, super::UNDECIDED);
    }
    let verdict = decision.verdict();
    let answer = match verdict {
        Verdict::Allowed => allowed(&request, &decision),
        Verdict::Refused => Answer::text(406, problems(&request, &decision)),
        Verdict::Undetermined => Answer::text(503, problems(&request, &decision)),
    };
    answer.recorded(record(verdict, decision.images.into_iter().map(logged).collect()))
}

/// The user who calls; `None` if callers are not known. An error is the answer.
async fn caller(settings: Settings<'_>, incoming: &Incoming) -> Result<Option<String>, Answer> {
    let tokens = match &settings.services.tokens {
        TokenReview::Off => return Ok(None),
        TokenReview::On(tokens) => tokens,
        TokenReview::Missing => {
            return Err(Answer::text(503, "callers cannot be authenticated: the service has no access to Kubernetes"));
        }
    };
    let Some(token) = incoming.authorization.token() else {
        return Err(Answer::text(401, "send a bearer token in the Authorization header"));
    };
    let reviewed = incoming.deadline.run(tokens.review(token, incoming.deadline)).await;
    match reviewed {
        Some(Ok(user)) => Ok(Some(notary::text::printable(&user))),
        Some(Err(why @ TokenError::Invalid)) => Err(Answer::text(401, why.to_string())),
        Some(Err(why @ TokenError::NotAllowed(_))) => Err(Answer::text(403, notary::text::printable(&why.to_string()))),
        Some(Err(why @ TokenError::Unavailable(_))) => {
            Err(Answer::text(503, notary::text::printable(&why.to_string())))
        }
        None => Err(Answer::text(503, "the token was not reviewed before the deadline")),
    }
}

/// The answer with the verified digests. Images that run unverified stay as they are.
fn allowed(request: &Request<'_>, decision: &Decision) -> Answer {
    let mut results = Vec::with_capacity(decision.images.len());
    for (image, decided) in request.images.iter().zip(&decision.images) {
        if decided.outcome != Outcome::Verified {
            continue;
        }
        // A verified image has a digest.
        let Some(digest) = &decided.digest else { return Answer::text(500, super::UNDECIDED) };
        let value = format!("{}@{digest}", image.repository);
        results.push(Operation { op: "replace", path: image.pointer, value });
    }
    let message = message(decision);
    match serde_json::to_vec(&Response { verified: true, message, results }) {
        Ok(body) => Answer::json(200, body),
        Err(_) => Answer::text(500, "internal error: the answer cannot be written"),
    }
}

/// The images that run although they were not verified.
fn message(decision: &Decision) -> Option<String> {
    let warnings: Vec<_> = decision.warnings().into_iter().map(ToString::to_string).collect();
    (!warnings.is_empty()).then(|| super::reason::shortened(format!("warning: {}", warnings.join("; "))))
}

/// What is wrong: each bad image with its containers, the first in full.
fn problems(request: &Request<'_>, decision: &Decision) -> String {
    let mut containers: HashMap<&str, Vec<&str>> = HashMap::new();
    for image in &request.images {
        containers.entry(&image.reference).or_default().push(image.container);
    }
    let problems = decision.problems();
    let mut text = match problems.len() {
        1 => "1 image failed verification:".to_owned(),
        count => format!("{count} images failed verification:"),
    };
    for (index, problem) in problems.iter().enumerate() {
        text.push_str("\n- ");
        if index < MAX_PROBLEMS {
            text.push_str(&problem.to_string());
        } else {
            text.push_str(&format!("{}: {}", notary::text::printable(&problem.image), problem.outcome.as_str()));
        }
        let names = containers.get(problem.image.as_str()).map(|names| names.join(", ")).unwrap_or_default();
        text.push_str(&format!(" (container {})", super::shape::short(&names)));
    }
    text
}

fn record(user: Option<String>, verdict: Verdict, images: Vec<Decided>) -> Record {
    Record {
        adapter: "kyverno",
        uid: None,
        user,
        namespace: None,
        kind: None,
        name: None,
        operation: None,
        dry_run: false,
        verdict,
        images,
    }
}
