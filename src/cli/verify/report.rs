//! What `verify` says of each artifact: docs/output/verify.schema.json.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::aws::RevokedEntity;
use crate::cli::exit::{CliError, ExitStatus};
use crate::cli::output::SCHEMA_VERSION;
use crate::cli::place::Place;
use crate::envelope::Descriptor;
use crate::text::rfc3339;
use crate::verify::{
    CheckFailure, CheckOutcome, CheckResult, Conclusion, Requirement, RequirementError, SignatureDetails,
    SignatureVerdict, Verdict, VerificationPolicy,
};

/// The results of the command.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    schema_version: u32,
    status: &'static str,
    pub artifacts: Vec<ArtifactReport>,
}

impl Report {
    pub(super) fn status(&self) -> ExitStatus {
        self.artifacts.iter().map(|artifact| artifact.status).max().unwrap_or(ExitStatus::Done)
    }

    /// The report with what follows from its artifacts.
    pub(super) fn finished(&mut self) -> &Self {
        (self.schema_version, self.status) = (SCHEMA_VERSION, self.status().as_str());
        self
    }
}

/// What became of an artifact or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    Verified,
    /// The policy has nothing verified.
    Skipped,
    Refused,
    Undetermined,
    /// It was not come to a verdict: the configuration is not right, or there is no such artifact.
    Failed,
}

impl From<Conclusion> for Outcome {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Verified => Self::Verified,
            Conclusion::Skipped => Self::Skipped,
            Conclusion::Refused => Self::Refused,
            Conclusion::Undetermined => Self::Undetermined,
        }
    }
}

/// One artifact.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactReport {
    /// As it was named.
    pub reference: String,
    /// By its digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descriptor: Option<Descriptor>,
    pub outcome: Outcome,
    /// The name of the trust policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    pub signatures: Vec<SignatureReport>,
    /// How many more there are.
    pub signatures_left: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<RequirementReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
    /// Whether it was not named, but is listed by an index that was.
    #[serde(skip)]
    pub is_listed: bool,
    #[serde(skip)]
    status: ExitStatus,
}

/// How many signers are demanded.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequirementReport {
    signers: usize,
    from: Vec<String>,
    met: bool,
    /// Who is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ErrorReport {
    status: &'static str,
    pub message: String,
}

/// One signature.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignatureReport {
    /// The digest of its manifest.
    pub digest: String,
    pub outcome: Outcome,
    /// What it says, once integrity has passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<SignedReport>,
    pub checks: Vec<CheckReport>,
}

/// What a signature says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignedReport {
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
    /// SHA-256 of the certificates, the signing certificate first.
    thumbprints: Vec<String>,
}

/// One check.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckReport {
    pub name: &'static str,
    pub outcome: CheckWord,
    pub reason: String,
    /// The check could not be made; a later try may end otherwise.
    pub undetermined: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<RevokedReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CheckWord {
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

impl ArtifactReport {
    pub(super) fn of(place: &Place, policy: &VerificationPolicy, verdict: &Verdict) -> Self {
        let conclusion = verdict.conclusion();
        let left = match verdict {
            Verdict::Checked { left, .. } => *left,
            Verdict::Skipped { .. } => 0,
        };
        Self {
            policy: Some(policy.name().to_owned()),
            outcome: conclusion.into(),
            signatures: verdict.signatures().iter().map(SignatureReport::of).collect(),
            signatures_left: left,
            advice: verdict.advice().map(str::to_owned),
            ..Self::new(place, Some(verdict.artifact()), conclusion.into())
        }
    }

    pub(super) fn failed(place: &Place, artifact: Option<&Descriptor>, why: CliError) -> Self {
        Self::new(place, artifact, ExitStatus::Done).with_error(why)
    }

    fn new(place: &Place, artifact: Option<&Descriptor>, status: ExitStatus) -> Self {
        Self {
            reference: place.to_string(),
            artifact: artifact.map(|artifact| place.pinned(&artifact.digest)),
            descriptor: artifact.cloned(),
            outcome: Outcome::Failed,
            policy: None,
            signatures: Vec::new(),
            signatures_left: 0,
            requirement: None,
            advice: None,
            error: None,
            is_listed: false,
            status,
        }
    }

    /// The report of an artifact of which more is demanded than that one signature verifies.
    pub(super) fn with_requirement(mut self, requirement: &Requirement, met: Result<(), RequirementError>) -> Self {
        if let Err(why) = &met {
            (self.outcome, self.status) = (why.conclusion().into(), why.conclusion().into());
        }
        self.requirement = Some(RequirementReport {
            signers: requirement.signatures.get(),
            from: requirement.from.iter().map(ToString::to_string).collect(),
            met: met.is_ok(),
            reason: met.err().map(|why| why.to_string()),
        });
        self
    }

    /// The report of an artifact that no verdict can be relied on for.
    pub(super) fn with_error(mut self, why: CliError) -> Self {
        self.outcome = match why.status {
            ExitStatus::Refused => Outcome::Refused,
            ExitStatus::Undetermined => Outcome::Undetermined,
            ExitStatus::Usage | ExitStatus::Done => Outcome::Failed,
        };
        self.status = why.status;
        self.error = Some(ErrorReport { status: why.status.as_str(), message: why.message });
        self
    }
}

impl SignatureReport {
    fn of(verdict: &SignatureVerdict) -> Self {
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
            thumbprints: certificates.iter().map(crate::x509::Certificate::thumbprint).collect(),
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
