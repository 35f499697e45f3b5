//! The results of `sign`: docs/output/sign.schema.json.

use notary::text::printable;
use notary::{Descriptor, Disposition};
use serde::Serialize;

use crate::arguments::artifact_reference::ArtifactReference;
use crate::output::artifacts::{ArtifactResult, Became, PassedOver};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::vocabulary::{NamedArtifact, SignatureReport};
use crate::output::{GOOD, Output, WARN, paint, show_fact};

/// The result for an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SigningOutcome {
    Signed,
    AlreadySigned,
    WouldSign,
    #[serde(untagged)]
    Failed(Disposition),
}

/// One artifact.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignedArtifactReport {
    #[serde(flatten)]
    name: NamedArtifact,
    outcome: SigningOutcome,
    /// The new signature, or the one that is there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<SignatureReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<IgnoredSignatures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
    /// What the index lists that is no manifest, and so cannot be signed.
    #[serde(skip)]
    pub passed_over: PassedOver,
    /// Whether the artifact comes from an index, not from the command line.
    #[serde(skip)]
    pub is_listed: bool,
}

/// Signatures that name the profile, but are ignored because they chain to a root that is not trusted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IgnoredSignatures {
    pub signatures: usize,
    /// The subject of the first one's root.
    #[serde(rename = "rootSubject")]
    pub root: String,
}

impl ArtifactResult for SignedArtifactReport {
    fn status(&self) -> ExitStatus {
        self.error.as_ref().map_or(ExitStatus::DONE, FailureReport::status)
    }

    fn became(&self) -> Became {
        let (place, word) = match self.outcome {
            SigningOutcome::Signed => (0, "signed"),
            SigningOutcome::AlreadySigned => (1, "already signed"),
            SigningOutcome::WouldSign => (2, "would be signed"),
            SigningOutcome::Failed(_) => (3, "not signed"),
        };
        Became { is_named: self.error.is_some(), place, word }
    }
}

impl SignedArtifactReport {
    pub(super) fn new(reference: &ArtifactReference, artifact: &Descriptor, outcome: SigningOutcome) -> Self {
        let name = reference.named(Some(artifact));
        Self {
            name,
            outcome,
            signature: None,
            ignored: None,
            error: None,
            passed_over: PassedOver::default(),
            is_listed: false,
        }
    }

    pub(super) fn with_ignored(self, ignored: Option<IgnoredSignatures>) -> Self {
        Self { ignored, ..self }
    }

    pub(super) fn with_signature(self, signature: SignatureReport) -> Self {
        Self { signature: Some(signature), ..self }
    }

    pub(super) fn failed(reference: &ArtifactReference, artifact: Option<&Descriptor>, why: CliError) -> Self {
        Self {
            name: reference.named(artifact),
            outcome: SigningOutcome::Failed(why.disposition()),
            signature: None,
            ignored: None,
            error: Some(why.into()),
            passed_over: PassedOver::default(),
            is_listed: false,
        }
    }

    /// The name for a summary: as given, or by its digest if it is a manifest of an index.
    pub(super) fn short_name(&self, reference: &ArtifactReference) -> String {
        if self.is_listed { self.name.artifact.clone() } else { reference.to_string() }
    }

    /// Writes the report as text.
    pub(super) fn show(&self, output: &Output) -> Result<(), CliError> {
        let name = printable(&self.name.artifact);
        if let Some(error) = &self.error {
            output.failure(format!("{name}: {}", error.message), error.advice.as_deref());
            return Ok(());
        }
        let word = match self.outcome {
            SigningOutcome::Signed => paint(GOOD, "signed"),
            SigningOutcome::AlreadySigned => paint(GOOD, "already signed"),
            SigningOutcome::WouldSign => paint(WARN, "would be signed"),
            SigningOutcome::Failed(disposition) => paint(WARN, disposition),
        };
        let written = self.signature.as_ref().map(where_written).unwrap_or_default();
        output.text(format!("{name} {word}{written}"))?;
        self.passed_over.note(output);
        if let Some(IgnoredSignatures { signatures, root }) = &self.ignored {
            let (which, verb, chain) = match signatures {
                1 => ("signature that names", "was", "its chain ends"),
                _ => ("signatures that name", "were", "the chain of the first ends"),
            };
            output.warning_with_advice(
                format!(
                    "{name}: {signatures} {which} this profile {verb} ignored: {chain} in {root}, which is not trusted"
                ),
                "If this is your root certificate, pass it with --root.",
            );
        }
        match &self.signature {
            Some(signature) if output.is_verbose() => show_new_signature(signature, output),
            _ => Ok(()),
        }
    }
}

/// Where a detached signature was written, as the end of a line.
pub(in crate::commands) fn where_written(signature: &SignatureReport) -> String {
    let file = signature.file.as_deref().filter(|file| *file != "-");
    file.map(|file| format!(" (signature file {})", printable(file))).unwrap_or_default()
}

/// Writes a new signature as text.
pub(in crate::commands) fn show_new_signature(signature: &SignatureReport, output: &Output) -> Result<(), CliError> {
    let line = |name: &str, value: &str| show_fact(name, 15, value, output);
    match &signature.file {
        Some(file) => line("signature file", file)?,
        None => line("signature", &signature.digest)?,
    }
    let Some(signed) = &signature.content else { return Ok(()) };
    if let Some(version) = &signed.profile_version {
        line("profile version", version)?;
    }
    if let Some(alias) = &signed.profile_alias {
        line("alias", alias)?;
    }
    if let Some(job) = &signed.job {
        line("job", job)?;
    }
    if let Some(timestamp) = &signed.timestamp {
        line("timestamp", &timestamp.to_string())?;
    }
    signed.expiry.as_ref().map_or(Ok(()), |expiry| line("expires", expiry))
}
