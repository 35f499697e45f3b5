//! Requests as the API server sends them, and answers to them. A scripted decider decides by the images' names.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod answers;
mod attacks;
mod kinds;
mod malformed;
mod mutate;
mod samples;
mod unjudged;
mod updates;
mod warnings;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use limits::Deadline;
use serde_json::Value;

use super::{Form, Seldom, answer};
use crate::config::{ExtraTemplate, Kubernetes, Limits, Pin, PinAs, PullSecrets, Tags, Updates};
use crate::decision::{Code, Decision, ImageDecision, ImageName, Outcome, Question, Why};
use crate::frontends::{Answer, Authorization, Decide, Incoming, Record, Services, Settings};

/// The digest of all verified images.
const DIGEST: &str = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

/// Decides by the names of images, and keeps the questions.
#[derive(Default)]
struct Script {
    questions: Mutex<Vec<Question>>,
}

impl Decide for Script {
    async fn decide(&self, question: Question) -> Decision {
        let images = question.images.iter().map(|image| decide(image).into()).collect();
        self.questions.lock().unwrap().push(question);
        Decision { images }
    }
}

/// What is decided about an image, by its name.
fn decide(image: &str) -> ImageDecision {
    let has = |word| image.contains(word);
    let why = |code, check, message: &str| Some(Arc::new(Why { code, check, message: message.to_owned() }));
    let (outcome, why) = if image.bytes().any(|b| b.is_ascii_uppercase() || b <= b' ') || image.len() > 400 {
        (Outcome::Refused, why(Code::InvalidReference, None, "it is not a valid reference"))
    } else if has("unsigned") {
        (Outcome::Refused, why(Code::Unsigned, None, "it has no signature"))
    } else if has("revoked") {
        (Outcome::Refused, why(Code::Revoked, Some("revocation"), "the signature is revoked"))
    } else if has("down") {
        (Outcome::Undetermined, why(Code::Unreachable, None, "the registry does not answer"))
    } else if has("late") {
        (Outcome::Undetermined, why(Code::Deadline, None, "the time was over"))
    } else if has("exempt") {
        (Outcome::Exempt, None)
    } else {
        (Outcome::Verified, None)
    };
    let is_valid = !why.as_ref().is_some_and(|why| why.code == Code::InvalidReference);
    ImageDecision {
        image: image.to_owned(),
        is_enforced: !has("warned") && !has("audited"),
        is_warned: has("warned"),
        rule: Some(Arc::from("rest")),
        digest: (outcome == Outcome::Verified).then(|| DIGEST.parse().unwrap()),
        name: is_valid.then(|| name(image)),
        signer: None,
        why,
        is_cached: false,
        is_stale: has("stale"),
        outcome,
    }
}

fn name(image: &str) -> ImageName {
    let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
    let (path, tag) = match rest.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag.to_owned())),
        _ => (rest, digest.is_none().then(|| "latest".to_owned())),
    };
    let repository = if path.contains('/') { path.to_owned() } else { format!("docker.io/library/{path}") };
    ImageName { repository, tag, is_pinned: digest.is_some() }
}

/// The settings of a test.
struct Webhook {
    kubernetes: Kubernetes,
    limits: Limits,
    query: Option<String>,
}

impl Default for Webhook {
    fn default() -> Self {
        let kubernetes = Kubernetes {
            pull_secrets: PullSecrets::PodAndServiceAccount,
            pin: Pin::Pods,
            pin_as: PinAs::Digest,
            tags: Tags::Allow,
            updates: Updates::Changed,
            extra_templates: vec![ExtraTemplate {
                group: "argoproj.io".to_owned(),
                kind: "Rollout".to_owned(),
                pod_template: "/spec/template".to_owned(),
            }],
        };
        let limits = Limits {
            body: 16 << 20,
            images: 512,
            concurrent: 256,
            queue: 1024,
            deadline: Duration::from_secs(8),
            margin: Duration::from_millis(500),
            connection_age: Duration::from_secs(300),
        };
        Self { kubernetes, limits, query: Some("timeout=5s".to_owned()) }
    }
}

/// An answer, read.
struct Answered {
    answer: Answer,
    questions: Vec<Question>,
}

impl Webhook {
    fn send(&self, form: Form, body: impl Into<Vec<u8>>) -> Answered {
        let script = Script::default();
        let unjudged = Seldom::default();
        let services = Services::default();
        let settings =
            Settings { kubernetes: &self.kubernetes, limits: &self.limits, unjudged: &unjudged, services: &services };
        let deadline = Deadline::new(self.limits.deadline);
        let incoming = Incoming {
            query: self.query.clone(),
            authorization: Authorization::default(),
            body: Bytes::from(body.into()),
            deadline,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(answer(form, &script, settings, incoming));
        Answered { answer, questions: script.questions.into_inner().unwrap() }
    }

    fn validate(&self, review: &Value) -> Answered {
        self.send(Form::Validating, serde_json::to_vec(review).unwrap())
    }

    fn mutate(&self, review: &Value) -> Answered {
        self.send(Form::Mutating, serde_json::to_vec(review).unwrap())
    }
}

/// Answers a request with the default settings.
fn validate(review: &Value) -> Answered {
    Webhook::default().validate(review)
}

/// As [`validate`], for the mutating form.
fn mutate(review: &Value) -> Answered {
    Webhook::default().mutate(review)
}

impl Answered {
    /// The response, which the API server accepts.
    fn response(&self) -> Value {
        assert_eq!(self.answer.status, 200, "{}", self.text());
        assert_eq!(self.answer.content_type, "application/json");
        let review: Value = serde_json::from_slice(&self.answer.body).unwrap();
        assert_eq!(
            (&review["apiVersion"], &review["kind"]),
            (&"admission.k8s.io/v1".into(), &"AdmissionReview".into())
        );
        review["response"].clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.answer.body).into_owned()
    }

    fn is_allowed(&self) -> bool {
        let response = self.response();
        assert_eq!(response["allowed"] == true, response.get("status").is_none(), "{response}");
        response["allowed"] == true
    }

    /// The code of the status, its reason and its message.
    fn status(&self) -> (u64, String, String) {
        let status = &self.response()["status"];
        let text = |name: &str| status[name].as_str().unwrap().to_owned();
        (status["code"].as_u64().unwrap(), text("reason"), text("message"))
    }

    fn warnings(&self) -> Vec<String> {
        let warnings = self.response()["warnings"].clone();
        serde_json::from_value::<Option<Vec<String>>>(warnings).unwrap().unwrap_or_default()
    }

    fn annotation(&self, name: &str) -> String {
        self.response()["auditAnnotations"][name].as_str().unwrap().to_owned()
    }

    /// The operations of the patch.
    fn patch(&self) -> Vec<Value> {
        let response = self.response();
        let Some(patch) = response["patch"].as_str() else {
            assert!(response.get("patchType").is_none());
            return Vec::new();
        };
        assert_eq!(response["patchType"], "JSONPatch");
        serde_json::from_slice(&STANDARD.decode(patch).unwrap()).unwrap()
    }

    /// The images that were judged.
    fn judged(&self) -> Vec<&str> {
        self.questions.iter().flat_map(|question| question.images.iter().map(String::as_str)).collect()
    }

    fn record(&self) -> &Record {
        self.answer.record.as_ref().expect("it is logged")
    }
}
