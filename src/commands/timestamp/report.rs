//! The results of `timestamp`: docs/output/timestamp.schema.json.

use notary::Descriptor;
use notary::text::printable;
use notation::verify::TimestampSummary;
use serde::Serialize;

use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::vocabulary::{NamedArtifact, SignatureReport, TimestampDetails};
use crate::output::wrap::{fact, hanging};
use crate::output::{GOOD, Output, SCHEMA_VERSION, WARN, paint};

/// The results of the command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TimestampReport {
    schema_version: u32,
    status: &'static str,
    #[serde(flatten)]
    artifact: NamedArtifact,
    signatures: Vec<StampedSignature>,
    #[serde(skip)]
    exit: ExitStatus,
}

/// One signature.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StampedSignature {
    #[serde(flatten)]
    signature: SignatureReport,
    outcome: SignatureOutcome,
    /// The digest of the manifest of the same signature with the timestamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamped_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<TimestampDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
    /// Why the registry keeps the manifest of a signature that is no longer listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<FailureReport>,
}

/// What came of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SignatureOutcome {
    /// The same signature with a timestamp is attached.
    Timestamped,
    /// The same, and the signature without timestamp was deleted, or is at least no longer listed.
    Replaced,
    /// The signature has a timestamp, or the artifact has the same signature with one of this authority.
    AlreadyTimestamped,
    /// The signing authority has signed the time.
    NotNeeded,
    /// No timestamp was added.
    NotTimestamped,
}

impl TimestampReport {
    pub(super) fn new(artifact: NamedArtifact, signatures: Vec<StampedSignature>) -> Self {
        let errors = signatures.iter().filter_map(|signature| signature.error.as_ref());
        let exit = ExitStatus::worst(errors.map(FailureReport::status).chain([ExitStatus::DONE]));
        Self { schema_version: SCHEMA_VERSION, status: exit.as_str(), artifact, signatures, exit }
    }

    pub(super) fn exit(&self) -> ExitStatus {
        self.exit
    }

    /// Writes the report as text.
    pub(super) fn show(&self, output: &Output) -> Result<(), CliError> {
        let artifact = printable(&self.artifact.artifact);
        // Errors name the artifact themselves.
        if self.signatures.iter().any(|signature| signature.outcome != SignatureOutcome::NotTimestamped) {
            output.text(&artifact)?;
        }
        self.signatures.iter().try_for_each(|signature| signature.show(&artifact, output))
    }
}

impl StampedSignature {
    pub(super) fn new(descriptor: &Descriptor) -> Self {
        Self {
            signature: SignatureReport::from_manifest(descriptor),
            outcome: SignatureOutcome::NotTimestamped,
            timestamped_digest: None,
            timestamp: None,
            error: None,
            kept: None,
        }
    }

    pub(super) fn ended(self, outcome: SignatureOutcome) -> Self {
        Self { outcome, ..self }
    }

    pub(super) fn failed(self, why: CliError) -> Self {
        Self { error: Some(why.into()), ..self }
    }

    pub(super) fn kept(self, why: CliError) -> Self {
        Self { kept: Some(why.into()), ..self }
    }

    pub(super) fn timestamped(self, manifest: &Descriptor, timestamp: &TimestampSummary) -> Self {
        Self {
            outcome: SignatureOutcome::Timestamped,
            timestamped_digest: Some(manifest.digest.to_string()),
            timestamp: Some(TimestampDetails::from_summary(timestamp)),
            ..self
        }
    }

    fn show(&self, artifact: &str, output: &Output) -> Result<(), CliError> {
        let digest = &self.signature.digest;
        let word = match self.outcome {
            SignatureOutcome::Timestamped => paint(GOOD, "timestamped"),
            SignatureOutcome::Replaced => paint(GOOD, "replaced by the same with a timestamp"),
            SignatureOutcome::AlreadyTimestamped => paint(GOOD, "already timestamped"),
            SignatureOutcome::NotNeeded => {
                paint(WARN, "needs no timestamp: AWS Signer or another authority signed the time")
            }
            SignatureOutcome::NotTimestamped => paint(WARN, "not timestamped"),
        };
        if self.outcome != SignatureOutcome::NotTimestamped {
            output.text(hanging("  ", 4, &format!("{digest} {word}"), output.columns()))?;
        }
        if let Some(error) = &self.error {
            output.failure(format!("{artifact} signature {digest}: {}", error.message), error.advice.as_deref());
        }
        if let Some(why) = &self.kept {
            output.warning(format!("{digest}: {}", why.message));
        }
        if let Some(digest) = self.timestamped_digest.as_ref().filter(|_| output.is_verbose()) {
            output.text(fact(4, "signature", 15, digest, output.columns()))?;
        }
        if let Some(timestamp) = self.timestamp.as_ref().filter(|_| output.is_verbose()) {
            output.text(fact(4, "timestamp", 15, &printable(&timestamp.to_string()), output.columns()))?;
        }
        Ok(())
    }
}
