//! What the commands about several artifacts have in common in their results: docs/output.

use serde::Serialize;

use super::exit::{CliError, ExitStatus};
use crate::output::SCHEMA_VERSION;

/// What a command says of one artifact.
pub trait ArtifactStatus {
    /// How the command would end if it were about this artifact alone.
    fn status(&self) -> ExitStatus;
}

/// The results of a command, artifact by artifact.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<Artifact> {
    schema_version: u32,
    status: &'static str,
    /// In the order of the command line.
    pub artifacts: Vec<Artifact>,
}

impl<Artifact> Default for Report<Artifact> {
    fn default() -> Self {
        Self { schema_version: SCHEMA_VERSION, status: ExitStatus::Done.as_str(), artifacts: Vec::new() }
    }
}

impl<Artifact: ArtifactStatus> Report<Artifact> {
    /// How the command ends: the gravest of its artifacts decides.
    pub fn status(&self) -> ExitStatus {
        self.artifacts.iter().map(ArtifactStatus::status).max().unwrap_or(ExitStatus::Done)
    }

    /// The report with what follows from its artifacts.
    pub fn finished(&mut self) -> &Self {
        self.status = self.status().as_str();
        self
    }
}

/// Why there is no result, or none that can be relied on.
#[derive(Debug, Serialize)]
pub struct ErrorReport {
    status: &'static str,
    /// What happened and what to do.
    pub message: String,
    /// How the command ends.
    #[serde(skip)]
    pub exit: ExitStatus,
}

impl From<CliError> for ErrorReport {
    fn from(why: CliError) -> Self {
        Self { status: why.status.as_str(), message: why.message, exit: why.status }
    }
}
