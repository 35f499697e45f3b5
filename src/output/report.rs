//! Results of the commands for several artifacts: docs/output.

use serde::Serialize;

use super::exit::{CliError, ExitStatus};
use crate::output::SCHEMA_VERSION;

/// The status of one artifact's result.
pub trait ArtifactStatus {
    /// The command's exit status for this artifact alone.
    fn status(&self) -> ExitStatus;
}

/// The results of a command for each artifact.
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
    /// The command's exit status: the worst of its artifacts.
    pub fn status(&self) -> ExitStatus {
        self.artifacts.iter().map(ArtifactStatus::status).max().unwrap_or(ExitStatus::Done)
    }

    /// Sets the report's status from its artifacts.
    pub fn finished(&mut self) -> &Self {
        self.status = self.status().as_str();
        self
    }
}

/// The error, if there is no reliable result.
#[derive(Debug, Serialize)]
pub struct ErrorReport {
    status: &'static str,
    /// What happened, and what to do.
    pub message: String,
    /// The exit status.
    #[serde(skip)]
    pub exit: ExitStatus,
}

impl From<CliError> for ErrorReport {
    fn from(why: CliError) -> Self {
        Self { status: why.status.as_str(), message: why.message, exit: why.status }
    }
}
