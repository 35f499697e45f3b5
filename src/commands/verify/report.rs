//! The results of `verify`: docs/output/verify.schema.json.

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
    /// The name on the command line.
    pub reference: String,
    /// The name by digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descriptor: Option<Descriptor>,
    pub outcome: Outcome,
    /// The name of the trust policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    pub signatures: Vec<SignatureReport>,
    /// The number of signatures that were not checked.
    pub signatures_left: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<RequirementReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
    /// Whether the artifact comes from an index, not from the command line.
    #[serde(skip)]
    pub is_listed: bool,
    #[serde(skip)]
    status: ExitStatus,
}

/// The result of `--require`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequirementReport {
    signers: usize,
    from: Vec<String>,
    met: bool,
    /// Which signers are missing.
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

    /// Adds the result of `--require`.
    pub(super) fn with_requirement(mut self, requirement: &Requirement, met: Result<(), RequirementError>) -> Self {
        if let Err(why) = &met {
            self.outcome = why.conclusion().into();
            self.status = why.conclusion().into();
        }
        self.requirement = Some(RequirementReport {
            signers: requirement.signatures.get(),
            from: requirement.from.iter().map(ToString::to_string).collect(),
            met: met.is_ok(),
            reason: met.err().map(|why| why.to_string()),
        });
        self
    }

    /// Adds an error that makes the verdict unreliable.
    pub(super) fn with_error(mut self, why: CliError) -> Self {
        self.outcome = why.status.into();
        self.status = why.status;
        self.error = Some(why.into());
        self
    }
}
