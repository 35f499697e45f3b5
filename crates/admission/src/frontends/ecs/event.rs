//! The event that Amazon ECS sends to a lifecycle hook.

use serde_json::{Map, Value};

use super::super::json::{Arena, Json};
use super::super::shape::{Malformed, Node, short};
use super::revision_arn::RevisionArn;

/// The longest id of an execution.
const MAX_ID: usize = 256;
/// The most of `hookDetails` that is sent back.
const MAX_DETAILS: usize = 4096;

/// A question about a deployment.
#[derive(Debug)]
pub struct Event {
    /// The id of the hook's execution, the same for repeated questions.
    pub execution: String,
    /// The stage of the deployment, printable.
    pub stage: String,
    /// What is deployed.
    pub revision: RevisionArn,
    /// Whether the traffic goes back from it to the revision before.
    pub is_rollback: bool,
    /// What the hook is configured with, or what the answer before said. It changes no verdict.
    pub details: Map<String, Value>,
}

impl Event {
    /// Whether no task of the revision runs yet.
    pub fn is_before_scale_up(&self) -> bool {
        matches!(self.stage.as_str(), "RECONCILE_SERVICE" | "PRE_SCALE_UP")
    }
}

/// Reads the body of a request.
///
/// # Errors
/// Returns an error if it is not JSON, or something that counts is missing or has another form.
pub fn read(body: &[u8]) -> Result<Event, Malformed> {
    let arena = Arena::for_text(body.len());
    let document = Json::read(body, &arena)?;
    let root = Node::root(&document);
    let execution = root.required("executionId")?;
    let execution = execution.checked(|id| (1..=MAX_ID).contains(&id.len()), "a text of 1 to 256 bytes")?;
    let stage = root.required("lifecycleStage")?.text()?;
    let details = root.required("executionDetails")?;
    let target = details.required("targetServiceRevisionArn")?;
    let expected =
        "the ARN of a service revision: arn:PARTITION:ecs:REGION:ACCOUNT:service-revision/CLUSTER/SERVICE/ID";
    let unsupported = |text| Malformed::Unsupported { path: target.place(), found: short(text), expected };
    let text = target.text()?;
    let revision: RevisionArn = text.parse().map_err(|_| unsupported(text))?;
    let service = revision.service_arn();
    if let Some(node) = details.member("serviceArn")? {
        let given = node.text()?;
        if given != service {
            return Err(Malformed::Contradiction {
                first: format!("executionDetails.serviceArn \"{}\"", short(given)),
                second: format!("executionDetails.targetServiceRevisionArn \"{revision}\""),
            });
        }
    }
    let weights = match stage {
        "PRODUCTION_TRAFFIC_SHIFT" => details.member("productionTrafficWeights")?,
        "TEST_TRAFFIC_SHIFT" => details.member("testTrafficWeights")?,
        _ => None,
    };
    let is_rollback = match weights {
        Some(weights) => is_rollback(&weights, &revision)?,
        None => false,
    };
    let details = root.member("hookDetails")?.map(|node| object(node.value())).unwrap_or_default();
    Ok(Event { execution: short(execution), stage: short(stage), revision, is_rollback, details })
}

/// Whether all traffic goes to another revision of the same service.
fn is_rollback(weights: &Node<'_, '_>, target: &RevisionArn) -> Result<bool, Malformed> {
    let (mut is_zero, mut is_elsewhere) = (false, false);
    for (name, node) in weights.members()? {
        let weight = node.number()?;
        let same_service = |arn: &RevisionArn| arn.service_arn() == target.service_arn();
        if name == target.as_str() {
            is_zero = weight == 0.0;
        } else if weight == 100.0 && name.parse::<RevisionArn>().is_ok_and(|arn| same_service(&arn)) {
            is_elsewhere = true;
        }
    }
    Ok(is_zero && is_elsewhere)
}

/// The details, unless they are no object or too long to be sent back.
fn object(value: &Json<'_>) -> Map<String, Value> {
    let Some(members) = value.object() else { return Map::new() };
    let members: Map<String, Value> =
        members.iter().map(|(name, value)| ((*name).to_owned(), to_value(value))).collect();
    let length = serde_json::to_vec(&members).map_or(usize::MAX, |text| text.len());
    if length <= MAX_DETAILS { members } else { Map::new() }
}

fn to_value(value: &Json<'_>) -> Value {
    match value {
        // Events are read whole: nothing is left out.
        Json::Null | Json::LeftOut => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => (*number).into(),
        Json::String(text) => Value::String((*text).to_owned()),
        Json::Array(items) => items.iter().map(to_value).collect(),
        Json::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| ((*name).to_owned(), to_value(value))).collect())
        }
    }
}
