//! The results of `verify`: docs/output/verify.schema.json.

use notary::Descriptor;
use notation::verify::{Requirement, RequirementError, Verdict, VerificationPolicy};
use serde::Serialize;

use crate::arguments::artifact_reference::ArtifactReference;
use crate::output::artifacts::{ArtifactResult, Became, PassedOver};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::vocabulary::NamedArtifact;
use crate::verification::{CheckedSignature, VerificationOutcome, requirement_error, verdict_error};

/// One artifact.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VerifiedArtifact {
    #[serde(flatten)]
    pub name: NamedArtifact,
    pub outcome: VerificationOutcome,
    /// The name of the trust policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    pub signatures: Vec<CheckedSignature>,
    /// The number of signatures that were not checked.
    pub signatures_left: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<RequirementReport>,
    /// Why it is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<FailureReport>,
    /// Whether the error is the signatures' verdict, which the text shows with them.
    #[serde(skip)]
    pub is_verdict: bool,
    /// Whether the artifact comes from an index, not from the command line.
    #[serde(skip)]
    pub is_listed: bool,
    /// What the index lists that is no manifest, and so has no signatures.
    #[serde(skip)]
    pub passed_over: PassedOver,
}

/// The result of `--require`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequirementReport {
    signers: usize,
    from: Vec<String>,
    pub met: bool,
}

impl ArtifactResult for VerifiedArtifact {
    fn status(&self) -> ExitStatus {
        self.outcome.into()
    }

    fn became(&self) -> Became {
        let is_named = self.outcome != VerificationOutcome::Verified;
        Became { is_named, place: self.outcome as u8, word: self.outcome.as_str() }
    }
}

impl VerifiedArtifact {
    /// The name for a summary: as given, or by its digest if an index lists it.
    pub(super) fn short_name(&self) -> String {
        if self.is_listed { self.name.artifact.clone() } else { self.name.reference.clone() }
    }

    /// The result for a verdict.
    pub(super) fn new(reference: &ArtifactReference, policy: &VerificationPolicy, verdict: &Verdict) -> Self {
        Self {
            name: reference.named(Some(&verdict.artifact)),
            outcome: verdict.conclusion().into(),
            policy: Some(policy.name().to_owned()),
            signatures: verdict.signatures.iter().map(CheckedSignature::new).collect(),
            signatures_left: verdict.unchecked,
            requirement: None,
            error: verdict_error(verdict).map(FailureReport::from),
            is_verdict: true,
            is_listed: false,
            passed_over: PassedOver::default(),
        }
    }

    /// The result without a verdict.
    pub(super) fn failed(reference: &ArtifactReference, artifact: Option<&Descriptor>, why: CliError) -> Self {
        Self {
            name: reference.named(artifact),
            outcome: why.disposition().into(),
            policy: None,
            signatures: Vec::new(),
            signatures_left: 0,
            requirement: None,
            error: Some(why.into()),
            is_verdict: false,
            is_listed: false,
            passed_over: PassedOver::default(),
        }
    }

    /// Adds the result of `--require`.
    pub(super) fn with_requirement(mut self, requirement: &Requirement, met: &Result<(), RequirementError>) -> Self {
        if let Err(why) = met {
            self.outcome = why.disposition().into();
            let error = requirement_error(why);
            self.error = Some(match self.error.and_then(|error| error.advice) {
                Some(advice) => error.with_advice(advice).into(),
                None => error.into(),
            });
        }
        self.requirement = Some(RequirementReport {
            signers: requirement.signers.get(),
            from: requirement.from.iter().map(ToString::to_string).collect(),
            met: met.is_ok(),
        });
        self
    }
}
