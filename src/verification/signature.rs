//! The report of one signature and its checks, as in docs/output.

use std::collections::BTreeMap;

use aws_signer::RevokedEntity;
use notary::text::rfc3339;
use notation::verify::{CheckFailure, CheckOutcome, CheckResult, SignatureDetails, SignatureVerdict};
use serde::Serialize;

use super::report::Outcome;

/// One signature.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureReport {
    /// The digest of its manifest, or of the envelope if there is no manifest.
    pub digest: String,
    /// The outcome.
    pub outcome: Outcome,
    /// Its content, present once integrity has passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<SignedReport>,
    /// The checks, in the order in which they were made.
    pub checks: Vec<CheckReport>,
}

/// The content of a signature.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    pub subject: String,
    signing_scheme: &'static str,
    pub signing_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<String>,
    pub user_metadata: BTreeMap<String, String>,
    /// The SHA-256 of each certificate, the signing certificate first.
    thumbprints: Vec<String>,
}

/// One check.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    pub name: &'static str,
    pub outcome: CheckWord,
    pub reason: String,
    /// The check could not be made; a retry may succeed.
    pub undetermined: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<RevokedReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckWord {
    Passed,
    Failed,
    Warning,
    Skipped,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RevokedReport {
    kind: &'static str,
    name: String,
}

impl SignatureReport {
    /// The report of a signature's verdict.
    #[must_use]
    pub fn of(verdict: &SignatureVerdict) -> Self {
        Self {
            digest: verdict.manifest.digest.to_string(),
            outcome: match verdict.refusal() {
                _ if verdict.is_verified() => Outcome::Verified,
                Some(CheckFailure { undetermined: true, .. }) => Outcome::Undetermined,
                _ => Outcome::Refused,
            },
            signed: verdict.signature.as_ref().map(SignedReport::of),
            checks: verdict.checks.iter().map(CheckReport::of).collect(),
        }
    }
}

impl SignedReport {
    fn of(signature: &SignatureDetails) -> Self {
        let attributes = signature.envelope.attributes();
        let certificates = signature.envelope.chain().certificates();
        Self {
            profile_version: signature.aws_signer().map(|signer| signer.profile_version.to_string()),
            job: signature.aws_signer().map(|signer| signer.job.to_string()),
            subject: signature.subject(),
            signing_scheme: attributes.signing_scheme.as_str(),
            signing_time: rfc3339(attributes.signing_time),
            expiry: attributes.expiry.map(rfc3339),
            user_metadata: signature.payload.target_artifact.annotations.clone(),
            thumbprints: certificates.iter().map(notary::x509::Certificate::thumbprint).collect(),
        }
    }
}

impl CheckReport {
    fn of(result: &CheckResult) -> Self {
        let failure = result.outcome.failure();
        Self {
            name: result.check.as_str(),
            outcome: match result.outcome {
                CheckOutcome::Passed(_) => CheckWord::Passed,
                CheckOutcome::Failed(_) => CheckWord::Failed,
                CheckOutcome::Logged(_) => CheckWord::Warning,
                CheckOutcome::Skipped(_) => CheckWord::Skipped,
            },
            reason: result.outcome.reason().to_owned(),
            undetermined: failure.is_some_and(|failure| failure.undetermined),
            revoked: failure.iter().flat_map(|failure| &failure.revoked).map(RevokedReport::of).collect(),
            advice: failure.and_then(CheckFailure::advice).map(str::to_owned),
        }
    }
}

impl RevokedReport {
    fn of(revoked: &RevokedEntity) -> Self {
        let (kind, name) = match revoked {
            RevokedEntity::Signature(job) => ("signature", job),
            RevokedEntity::SigningProfile(version) => ("signing-profile", version),
            RevokedEntity::Certificate { subject, .. } => ("certificate", subject),
            RevokedEntity::Other(name) => ("other", name),
        };
        Self { kind, name: name.clone() }
    }
}
