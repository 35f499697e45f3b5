//! The answer: ProviderResponse, and the values that Ratify's templates expect.

use std::borrow::Cow;

use notary::Digest;
use notary::text::printable;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::key::Key;
use crate::decision::{Decided, ImageDecision, Outcome, Text, Verdict};
use crate::frontends::reason::{reason, shortened};

/// The version of request and answer.
pub const API_VERSION: &str = "externaldata.gatekeeper.sh/v1beta1";
const VERIFIER_NAME: &str = "notation-aws-signer";
const SIGNATURE_TYPE: &str = "application/vnd.cncf.notary.signature";
const NOT_DECIDED: &str = "internal error: the service did not decide about this image; try again";

/// The form of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A verdict as Ratify 2 writes it.
    Verify,
    /// A verdict as Ratify 1 writes it.
    VerifyV1,
    /// The image to run.
    Mutate,
}

/// The value of an item.
enum Value<'a> {
    /// JSON.
    Written(&'a str),
    V1(Box<ValueV1<'a>>),
    /// An image.
    Image(Cow<'a, str>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValueV2<'a> {
    succeeded: bool,
    artifact_reports: [ArtifactReport<'a>; 1],
}

#[derive(Serialize)]
struct ArtifactReport<'a> {
    subject: String,
    artifact: &'a str,
    results: [VerificationResult; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerificationResult {
    verifier_name: &'static str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_reason: Option<String>,
    /// JSON in a string, as in Ratify.
    detail: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValueV1<'a> {
    version: &'static str,
    is_success: bool,
    timestamp: &'a str,
    verifier_reports: [VerifierReport<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerifierReport<'a> {
    subject: String,
    is_success: bool,
    verifier_name: &'static str,
    r#type: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_reason: Option<String>,
    artifact_type: &'static str,
    extensions: Detail<'a>,
}

/// What templates may want to know beside the verdict.
#[derive(Serialize)]
struct Detail<'a> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
}

/// The answer to a request: an item for each key, in their order, with its value or its error, never both.
pub fn write(form: Form, keys: &[Key<'_>], images: &[Option<Decided>]) -> Vec<u8> {
    let now = if form == Form::VerifyV1 { timestamp() } else { String::new() };
    let mut body = begun(1024 * keys.len());
    for (number, (key, image)) in keys.iter().zip(images).enumerate() {
        body.extend_from_slice(if number == 0 { b"{\"key\":" } else { b",{\"key\":" });
        json(&mut body, key.text);
        let value = match image {
            Some(decision) => value(form, key, decision, &now),
            None => Err(NOT_DECIDED.to_owned()),
        };
        body.extend_from_slice(if value.is_ok() { b",\"value\":" } else { b",\"error\":" });
        match value {
            Ok(Value::Written(text)) => body.extend_from_slice(text.as_bytes()),
            Ok(Value::V1(value)) => json(&mut body, &*value),
            Ok(Value::Image(image)) => json(&mut body, &*image),
            Err(error) => json(&mut body, &*error),
        }
        body.push(b'}');
    }
    body.extend_from_slice(b"]}}");
    body
}

/// The answer to a request that is malformed as a whole.
pub fn malformed(message: &str) -> Vec<u8> {
    let mut body = begun(message.len());
    body.extend_from_slice(b"],\"systemError\":");
    json(&mut body, message);
    body.extend_from_slice(b"}}");
    body
}

/// An answer up to its items. Gatekeeper uses no answer for mutation that does not say that it is idempotent.
fn begun(room: usize) -> Vec<u8> {
    let mut body = Vec::with_capacity(128 + room);
    body.extend_from_slice(b"{\"apiVersion\":\"");
    body.extend_from_slice(API_VERSION.as_bytes());
    body.extend_from_slice(b"\",\"kind\":\"ProviderResponse\",\"response\":{\"idempotent\":true,\"items\":[");
    body
}

fn json(body: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Texts and structures of texts can always be written. An answer that is cut off counts as failed for Gatekeeper.
    let _ = serde_json::to_writer(body, value);
}

/// The value of an item, or its error.
fn value<'a>(form: Form, key: &Key<'a>, decision: &'a Decided, now: &'a str) -> Result<Value<'a>, String> {
    match (form, decision.verdict()) {
        (_, Verdict::Undetermined) | (Form::Mutate, Verdict::Refused) => Err(description(decision)),
        (Form::Verify, Verdict::Allowed | Verdict::Refused) => {
            Ok(Value::Written(decision.text(Text::Report, value_v2)))
        }
        (Form::VerifyV1, Verdict::Allowed | Verdict::Refused) => Ok(Value::V1(Box::new(value_v1(decision, now)))),
        (Form::Mutate, Verdict::Allowed) if decision.outcome == Outcome::Verified => {
            decision.pinned().map(|image| Value::Image(image.into())).ok_or_else(|| NOT_DECIDED.to_owned())
        }
        // It is not verified, so it stays as it is, with the namespace if the key has one. The users who write an image
        // write the key for it, and must not get an image that runs by writing the name of an exempt namespace.
        (Form::Mutate, Verdict::Allowed) => Ok(Value::Image(key.text.into())),
    }
}

fn value_v2(decision: &ImageDecision) -> String {
    let result = VerificationResult {
        verifier_name: VERIFIER_NAME,
        description: description(decision),
        error_reason: decision.why.as_deref().map(reason),
        detail: serde_json::to_string(&detail(decision)).unwrap_or_default(),
    };
    let artifact = decision.digest.as_ref().map_or("", Digest::as_str);
    let value = ValueV2 {
        succeeded: decision.verdict() == Verdict::Allowed,
        artifact_reports: [ArtifactReport { subject: subject(decision), artifact, results: [result] }],
    };
    serde_json::to_string(&value).unwrap_or_default()
}

fn value_v1<'a>(decision: &'a ImageDecision, now: &'a str) -> ValueV1<'a> {
    let is_success = decision.verdict() == Verdict::Allowed;
    let report = VerifierReport {
        subject: subject(decision),
        is_success,
        verifier_name: VERIFIER_NAME,
        r#type: "notation",
        message: description(decision),
        error_reason: decision.why.as_deref().map(reason),
        artifact_type: SIGNATURE_TYPE,
        extensions: detail(decision),
    };
    ValueV1 { version: "0.2.0", is_success, timestamp: now, verifier_reports: [report] }
}

fn subject(decision: &ImageDecision) -> String {
    decision.pinned().unwrap_or_else(|| printable(&decision.image))
}

fn detail(decision: &ImageDecision) -> Detail<'_> {
    Detail {
        outcome: decision.outcome.as_str(),
        code: decision.why.as_ref().map(|why| why.code.as_str()),
        check: decision.why.as_ref().and_then(|why| why.check),
        digest: decision.digest.as_ref().map(Digest::as_str),
        signer: decision.signer.as_deref(),
        rule: decision.rule.as_deref(),
    }
}

/// The result in a line, and why an image may run that was not verified.
fn description(decision: &ImageDecision) -> String {
    let mut text = decision.to_string();
    if !decision.outcome.is_good() && decision.verdict() == Verdict::Allowed {
        text.push_str("; allowed, because the rule only ");
        text.push_str(if decision.is_warned { "warns" } else { "audits" });
    }
    if decision.is_stale {
        text.push_str("; verified before, but revocation cannot be checked now");
    }
    shortened(text)
}

fn timestamp() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}
