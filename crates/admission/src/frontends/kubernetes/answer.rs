//! The answer: an AdmissionReview with a response.

use serde::Serialize;

use super::super::{Answer, RETRY_AFTER};
use super::words;
use crate::decision::{Decision, Verdict};

/// A response to a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    audit_annotations: Annotations,
}

/// Why an object is not admitted: `Status` of `meta/v1`.
#[derive(Debug, Serialize)]
struct Status {
    code: u16,
    reason: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    retry_after_seconds: u64,
}

/// What the audit log has. The API server puts the webhook's name before the keys.
#[derive(Debug, Serialize)]
struct Annotations {
    decision: &'static str,
    images: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionReview<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: &'a Response<'a>,
}

impl<'a> Response<'a> {
    /// The object is admitted. `images` says what was judged, or why nothing was.
    pub(super) fn allowed(uid: &'a str, images: String) -> Self {
        let audit_annotations = Annotations { decision: Verdict::Allowed.as_str(), images };
        Self {
            uid,
            allowed: true,
            status: None,
            patch_type: None,
            patch: None,
            warnings: Vec::new(),
            audit_annotations,
        }
    }

    /// The object is admitted or not, as it was decided.
    pub(super) fn decided(uid: &'a str, decision: &Decision) -> Self {
        let mut response = Self::allowed(uid, words::summary(&decision.images));
        let verdict = decision.verdict();
        response.allowed = verdict == Verdict::Allowed;
        response.audit_annotations.decision = verdict.as_str();
        response.status = Status::of(decision);
        response
    }

    /// The object has more images than are judged. Trying again changes nothing.
    pub(super) fn too_many(uid: &'a str, images: usize, most: usize) -> Self {
        let message = format!(
            "the object has {images} different images, and at most {most} are judged; none of them was: raise \
             server.limits.images, or use fewer images"
        );
        let status = Status { code: 413, reason: "RequestEntityTooLarge", message, details: None };
        let audit_annotations =
            Annotations { decision: Verdict::Refused.as_str(), images: format!("{images} images, none judged") };
        Self { allowed: false, status: Some(status), audit_annotations, ..Self::allowed(uid, String::new()) }
    }

    /// Returns it with warnings for the user.
    pub(super) fn with_warnings(self, warnings: Vec<String>) -> Self {
        Self { warnings, ..self }
    }

    /// Returns it with a JSON Patch in base64.
    pub(super) fn with_patch(self, patch: Option<String>) -> Self {
        Self { patch_type: patch.is_some().then_some("JSONPatch"), patch, ..self }
    }

    /// The body of the answer.
    pub(super) fn answer(&self) -> Answer {
        let review = AdmissionReview { api_version: "admission.k8s.io/v1", kind: "AdmissionReview", response: self };
        match serde_json::to_vec(&review) {
            Ok(body) => Answer::json(200, body),
            Err(error) => Answer::text(500, format!("the answer cannot be written: {error}")),
        }
    }
}

impl Status {
    fn of(decision: &Decision) -> Option<Self> {
        let message = || words::message(decision);
        let retry = Details { retry_after_seconds: RETRY_AFTER.as_secs() };
        Some(match decision.verdict() {
            Verdict::Allowed => return None,
            Verdict::Refused => Self { code: 403, reason: "Forbidden", message: message(), details: None },
            Verdict::Undetermined if words::is_late(decision) => {
                Self { code: 504, reason: "Timeout", message: message(), details: None }
            }
            Verdict::Undetermined => {
                Self { code: 503, reason: "ServiceUnavailable", message: message(), details: Some(retry) }
            }
        })
    }
}
