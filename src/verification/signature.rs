//! The report of one signature and its checks, as in docs/output.

use aws_signer::RevokedEntity;
use notation::verify::{CheckOutcome, CheckResult, Reason, SignatureVerdict};
use serde::Serialize;

use super::failure::reason_error;
use super::outcome::VerificationOutcome;
use crate::output::advice::about_a_file;
use crate::output::outcome::{Explanation, StepOutcome, StepReport};
use crate::output::vocabulary::{SignatureReport, SignedContent};

/// One signature, and what came of its checks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckedSignature {
    /// The signature. It has content once integrity has passed.
    #[serde(flatten)]
    pub signature: SignatureReport,
    /// The outcome.
    pub outcome: VerificationOutcome,
    /// The checks, in the order in which they were made.
    pub checks: Vec<CheckReport>,
}

/// One check.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// The name of the check.
    pub name: &'static str,
    /// What came of it.
    #[serde(flatten)]
    pub result: StepReport,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<RevokedReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RevokedReport {
    kind: &'static str,
    name: String,
}

impl CheckedSignature {
    /// The report of a signature's verdict.
    #[must_use]
    pub fn new(verdict: &SignatureVerdict) -> Self {
        let signature = SignatureReport::new(&verdict.digest, &verdict.media_type);
        Self {
            signature: match &verdict.signed {
                Some(signed) => signature.with_content(SignedContent::from_verdict(signed)),
                None => signature,
            },
            outcome: match verdict.reason() {
                _ if verdict.is_verified() => VerificationOutcome::Verified,
                Some(reason) => reason.disposition().into(),
                None => VerificationOutcome::Refused,
            },
            checks: verdict.checks.iter().map(CheckReport::new).collect(),
        }
    }

    /// As [`Self::new`], for the signature of a file.
    #[must_use]
    pub fn of_file(verdict: &SignatureVerdict) -> Self {
        let mut report = Self::new(verdict);
        for (check, result) in report.checks.iter_mut().zip(&verdict.checks) {
            let advice = result.outcome.reason().and_then(Reason::advice);
            if let (Explanation::Error(error), Some(advice)) =
                (&mut check.result.explanation, advice.as_ref().and_then(about_a_file))
            {
                error.advice = Some(advice);
            }
        }
        report
    }
}

impl CheckReport {
    /// The report of a check.
    #[must_use]
    pub fn new(result: &CheckResult) -> Self {
        Self {
            name: result.check.as_str(),
            result: match &result.outcome {
                CheckOutcome::Passed(reason) => StepReport::fine(StepOutcome::Ok, reason),
                CheckOutcome::Skipped(reason) => StepReport::fine(StepOutcome::Skipped, reason),
                CheckOutcome::Failed(reason) => StepReport::not_passed(reason_error(reason)),
                CheckOutcome::Warning(reason) => StepReport::warning(reason_error(reason)),
            },
            revoked: match result.outcome.reason() {
                Some(Reason::Revoked { entities, .. }) => entities.iter().map(RevokedReport::new).collect(),
                _ => Vec::new(),
            },
        }
    }
}

impl RevokedReport {
    fn new(revoked: &RevokedEntity) -> Self {
        let (kind, name) = match revoked {
            RevokedEntity::Signature(job) => ("signature", job),
            RevokedEntity::SigningProfile(version) => ("signing-profile", version),
            RevokedEntity::Certificate { subject, .. } => ("certificate", subject),
            RevokedEntity::Other(name) => ("other", name),
        };
        Self { kind, name: name.clone() }
    }
}
