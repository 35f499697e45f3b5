//! What `verify` says of each artifact: docs/output/verify.schema.json.

use notary::Descriptor;
use notation::verify::{Requirement, RequirementError, Verdict, VerificationPolicy};
use serde::Serialize;

use crate::arguments::artifact_reference::Place;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::report::{ArtifactStatus, ErrorReport};
use crate::verification::{Outcome, SignatureReport};

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

impl ArtifactStatus for ArtifactReport {
    fn status(&self) -> ExitStatus {
        self.status
    }
}

impl ArtifactReport {
    pub(super) fn of(place: &Place, policy: &VerificationPolicy, verdict: &Verdict) -> Self {
        let conclusion = verdict.conclusion();
        Self {
            policy: Some(policy.name().to_owned()),
            outcome: conclusion.into(),
            signatures: verdict.signatures().iter().map(SignatureReport::of).collect(),
            signatures_left: verdict.unevaluated(),
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
        (self.outcome, self.status) = (why.status.into(), why.status);
        self.error = Some(why.into());
        self
    }
}
