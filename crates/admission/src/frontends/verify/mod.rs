//! The plain adapter, for scripts and programs that have no form of their own: `POST /v1/verify`. Its request and its
//! answer are described by `docs/output/admission-verify.schema.json`.

mod request;
#[cfg(test)]
mod tests;

use notary::Digest;
use serde::Serialize;

use super::json::{Arena, Json};
use super::reason::reason;
use super::{Answer, Decide, Incoming, Record, Settings};
use crate::decision::{Decision, ImageDecision, PullIdentity, Question, Text, Verdict};

const SCHEMA: &str = include_str!("../../../../../docs/output/admission-verify.schema.json");

/// What is answered about an image.
#[derive(Serialize)]
struct ImageVerdict<'a> {
    image: &'a str,
    allowed: bool,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    /// Only of images that may run: scripts pass it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<&'a str>,
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

/// The answer to a request that is malformed.
#[derive(Serialize)]
struct Failure<'a> {
    error: &'a str,
}

/// `POST /v1/verify`
pub async fn verify(decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    let arena = Arena::for_text(incoming.body.len());
    let body = match Json::read(&incoming.body, &arena) {
        Ok(body) => body,
        Err(why) => return failure(400, &format!("the body is not valid JSON: {why}")),
    };
    let request = match request::read(&body, settings.limits.images) {
        Ok(request) => request,
        Err(why) => return failure(400, &why.to_string()),
    };
    let question = Question {
        namespace: request.namespace.map(str::to_owned),
        images: request.images.iter().map(|image| (*image).to_owned()).collect(),
        pull: PullIdentity::default(),
        deadline: incoming.deadline,
    };
    let decision = decider.decide(question).await;
    if !decision.is_about(request.images.iter().copied()) {
        return failure(500, super::UNDECIDED);
    }
    let verdict = decision.verdict();
    Answer::json(200, verdicts(verdict, &decision)).recorded(record(request.namespace, verdict, decision))
}

/// `GET /v1/schema/verify.json`
pub fn schema() -> Answer {
    Answer { content_type: "application/schema+json", ..Answer::json(200, SCHEMA.as_bytes().to_vec()) }
}

/// The answer, with the images in their order.
fn verdicts(verdict: Verdict, decision: &Decision) -> Vec<u8> {
    let mut body = Vec::with_capacity(64 + 512 * decision.images.len());
    body.extend_from_slice(b"{\"allowed\":");
    body.extend_from_slice(if verdict == Verdict::Allowed { b"true" } else { b"false" });
    body.extend_from_slice(b",\"images\":[");
    for (number, image) in decision.images.iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        // A structure of texts can always be written.
        let write = |image: &ImageDecision| serde_json::to_string(&ImageVerdict::from(image)).unwrap_or_default();
        body.extend_from_slice(image.text(Text::Verdict, write).as_bytes());
    }
    body.extend_from_slice(b"]}");
    body
}

impl<'a> From<&'a ImageDecision> for ImageVerdict<'a> {
    fn from(decision: &'a ImageDecision) -> Self {
        let allowed = decision.verdict() == Verdict::Allowed;
        Self {
            image: &decision.image,
            allowed,
            outcome: decision.outcome.as_str(),
            digest: decision.digest.as_ref().map(Digest::as_str),
            pinned: decision.pinned().filter(|_| allowed),
            signer: decision.signer.as_deref(),
            rule: decision.rule.as_deref(),
            reason: decision.why.as_deref().map(reason),
            code: decision.why.as_ref().map(|why| why.code.as_str()),
        }
    }
}

fn record(namespace: Option<&str>, verdict: Verdict, decision: Decision) -> Record {
    Record {
        adapter: "verify",
        uid: None,
        user: None,
        namespace: namespace.map(str::to_owned),
        kind: None,
        name: None,
        operation: None,
        dry_run: false,
        verdict,
        images: decision.images,
    }
}

fn failure(status: u16, error: &str) -> Answer {
    written(status, &Failure { error })
}

fn written(status: u16, value: &impl Serialize) -> Answer {
    match serde_json::to_vec(value) {
        Ok(body) => Answer::json(status, body),
        Err(_) => Answer::text(500, "internal error: the answer cannot be written"),
    }
}
