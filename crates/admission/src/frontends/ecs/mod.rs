//! The adapter for deployments of Amazon ECS: `POST /ecs/lifecycle-hook`, the event and the answer of a lifecycle hook
//! of a service deployment (Amazon ECS Developer Guide, "Lifecycle hooks").
//!
//! The event has no images: DescribeServiceRevisions names those of the revision that is deployed. A digest that Amazon
//! ECS has resolved is verified; an image without one is resolved and verified by its tag. The cluster takes the place
//! of the namespace, as `ecs:CLUSTER`.
//!
//! Amazon ECS shows its users no reason: the log has it. What cannot be judged is `IN_PROGRESS`, so ECS asks again, for
//! at most 10 minutes. A rollback is let through: it leads back to what was judged when it was deployed, and what stops
//! it keeps the bad revision running.

mod deployments;
mod event;
mod revision_arn;
#[cfg(test)]
mod tests;
mod waiting;

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub use self::deployments::{Deployments, Revision, RevisionError, RevisionImage};
use self::event::Event;
pub use self::revision_arn::{NotARevision, RevisionArn};
pub use self::waiting::Waiting;
use super::kubernetes::logged;
use super::{Answer, Decide, Incoming, Record, Settings};
use crate::decision::{Decided, Decision, PullIdentity, Question, Verdict};

/// How long what cannot be judged is asked again.
const LONGEST: Duration = Duration::from_secs(600);
/// When ECS asks again, in seconds.
const CALL_BACK: u64 = 30;
/// The member of `hookDetails` with the time of the first question.
const SINCE: &str = "notationSince";

/// The answer: Amazon ECS reads no other members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HookAnswer<'a> {
    hook_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_back_delay: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hook_details: Option<&'a Map<String, Value>>,
}

/// `POST /ecs/lifecycle-hook`
pub async fn lifecycle_hook(decider: &impl Decide, settings: Settings<'_>, incoming: Incoming) -> Answer {
    let event = match event::read(&incoming.body) {
        Ok(event) => event,
        Err(why) => return Answer::text(400, why.sentence("the event")),
    };
    if event.is_rollback {
        tracing::info!(revision = %event.revision, stage = %event.stage, "a rollback is not judged");
        return hook_answer("SUCCEEDED", None).recorded(event.record(None, Verdict::Allowed, Vec::new()));
    }
    let Some(deployments) = &settings.services.deployments else {
        return Answer::text(503, "the service has no access to Amazon ECS");
    };
    let found = incoming.deadline.run(deployments.revision(&event.revision, incoming.deadline)).await;
    let revision = match found {
        Some(Ok(revision)) => revision,
        Some(Err(why @ (RevisionError::Missing(_) | RevisionError::Answer(_)))) => {
            tracing::warn!(revision = %event.revision, %why, "the deployment is stopped");
            return event.refused(settings);
        }
        Some(Err(why @ RevisionError::Unavailable(_))) => return event.undetermined(settings, &why.to_string(), None),
        None => return event.undetermined(settings, "Amazon ECS did not answer before the deadline", None),
    };
    let most = settings.limits.images;
    let images = match event.images(&revision) {
        Ok(images) if images.len() > most => {
            tracing::warn!(
                revision = %event.revision,
                "the deployment is stopped: it has more than {most} images, the limit of server.limits.images"
            );
            return event.refused(settings);
        }
        Ok(images) => images,
        Err(why) => {
            tracing::warn!(revision = %event.revision, %why, "the deployment is stopped");
            return event.refused(settings);
        }
    };
    let namespace = format!("ecs:{}", revision.cluster);
    let question = Question {
        namespace: Some(namespace.clone()),
        images: images.clone(),
        pull: PullIdentity::default(),
        deadline: incoming.deadline,
    };
    let decision = decider.decide(question).await;
    if !decision.is_about(images.iter().map(String::as_str)) {
        return Answer::text(500, super::UNDECIDED);
    }
    event.judged(settings, namespace, decision)
}

impl Event {
    /// The images to judge, in the order of the containers.
    ///
    /// # Errors
    /// Returns a sentence if there are none, or a digest has another form: it would not be what runs.
    fn images(&self, revision: &Revision) -> Result<Vec<String>, String> {
        if revision.images.is_empty() {
            return Err("the service revision has no container images".to_owned());
        }
        let mut images = Vec::with_capacity(revision.images.len());
        for RevisionImage { container, image, digest } in &revision.images {
            let Some(digest) = digest else {
                let when = if self.is_before_scale_up() { " yet" } else { "" };
                tracing::info!(
                    revision = %self.revision,
                    container = %super::shape::short(container),
                    "Amazon ECS has not resolved the image to a digest{when}; its tag is resolved and verified here"
                );
                images.push(image.clone());
                continue;
            };
            let is_digest: Result<notary::Digest, _> = digest.parse();
            let digest = is_digest.map_err(|why| format!("the digest of a container is malformed: {why}"))?;
            images.push(by_digest(image, &digest));
        }
        Ok(images)
    }

    /// The answer to a deployment whose images were judged.
    fn judged(&self, settings: Settings<'_>, namespace: String, decision: Decision) -> Answer {
        let verdict = decision.verdict();
        match verdict {
            Verdict::Allowed => {
                settings.services.waiting.end(&self.execution);
                let record = self.record(Some(namespace), verdict, images(decision));
                hook_answer("SUCCEEDED", None).recorded(record)
            }
            Verdict::Refused => {
                settings.services.waiting.end(&self.execution);
                let record = self.record(Some(namespace), verdict, images(decision));
                hook_answer("FAILED", None).recorded(record)
            }
            Verdict::Undetermined => {
                self.undetermined(settings, "images cannot be judged", Some((namespace, decision)))
            }
        }
    }

    /// The answer to a deployment that must not go on, without a judgement about its images.
    fn refused(&self, settings: Settings<'_>) -> Answer {
        settings.services.waiting.end(&self.execution);
        hook_answer("FAILED", None).recorded(self.record(None, Verdict::Refused, Vec::new()))
    }

    /// The answer to a deployment that cannot be judged now.
    fn undetermined(&self, settings: Settings<'_>, why: &str, judged: Option<(String, Decision)>) -> Answer {
        let (namespace, images) =
            judged.map_or((None, Vec::new()), |(namespace, decision)| (Some(namespace), images(decision)));
        let record = self.record(namespace, Verdict::Undetermined, images);
        let waited = settings.services.waiting.since(&self.execution, Instant::now()).max(self.waited());
        if waited >= LONGEST {
            settings.services.waiting.end(&self.execution);
            tracing::warn!(
                revision = %self.revision,
                %why,
                "the deployment is stopped: it could not be judged for {} minutes",
                LONGEST.as_secs() / 60
            );
            return hook_answer("FAILED", None).recorded(record);
        }
        tracing::warn!(revision = %self.revision, %why, "the deployment waits and is asked about again");
        let now = OffsetDateTime::now_utc();
        let since = (now - waited).format(&Rfc3339).unwrap_or_default();
        let mut details = self.details.clone();
        details.insert(SINCE.to_owned(), Value::String(since));
        hook_answer("IN_PROGRESS", Some(&details)).recorded(record)
    }

    /// For how long the deployment waits, as the answer before said.
    fn waited(&self) -> Duration {
        let since = self.details.get(SINCE).and_then(Value::as_str);
        let since = since.and_then(|since| OffsetDateTime::parse(since, &Rfc3339).ok());
        // A time in the future is negative, which no `Duration` is.
        since.and_then(|since| Duration::try_from(OffsetDateTime::now_utc() - since).ok()).unwrap_or_default()
    }

    fn record(&self, namespace: Option<String>, verdict: Verdict, images: Vec<Decided>) -> Record {
        Record {
            adapter: "ecs",
            uid: Some(self.execution.clone()),
            user: None,
            namespace: Some(namespace.unwrap_or_else(|| format!("ecs:{}", self.revision.cluster()))),
            kind: Some("ServiceRevision".to_owned()),
            name: Some(self.revision.to_string()),
            operation: Some(self.stage.clone()),
            dry_run: false,
            verdict,
            images,
        }
    }
}

fn images(decision: Decision) -> Vec<Decided> {
    decision.images.into_iter().map(logged).collect()
}

/// The image with this digest in place of its tag or its own digest, which Amazon ECS does not run.
fn by_digest(image: &str, digest: &notary::Digest) -> String {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let name = match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    };
    format!("{name}@{digest}")
}

fn hook_answer(hook_status: &'static str, waiting: Option<&Map<String, Value>>) -> Answer {
    let call_back_delay = waiting.map(|_| CALL_BACK);
    match serde_json::to_vec(&HookAnswer { hook_status, call_back_delay, hook_details: waiting }) {
        Ok(body) => Answer::json(200, body),
        Err(_) => Answer::text(500, "internal error: the answer cannot be written"),
    }
}
