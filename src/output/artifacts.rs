//! The results of a command for several artifacts.

use serde::Serialize;

use super::SCHEMA_VERSION;
use super::exit::ExitStatus;

/// The result for one artifact.
pub trait ArtifactResult {
    /// The command's exit status for this artifact alone.
    fn status(&self) -> ExitStatus;
}

/// The results of a command for each artifact.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactsReport<Artifact> {
    schema_version: u32,
    status: &'static str,
    /// In the order of the command line.
    artifacts: Vec<Artifact>,
    #[serde(skip)]
    exit: ExitStatus,
}

impl<Artifact: ArtifactResult> ArtifactsReport<Artifact> {
    /// The report of these results. The worst of them determines the status.
    #[must_use]
    pub fn new(artifacts: Vec<Artifact>) -> Self {
        let exit = ExitStatus::worst(artifacts.iter().map(ArtifactResult::status));
        Self { schema_version: SCHEMA_VERSION, status: exit.as_str(), artifacts, exit }
    }

    /// The command's exit status.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        self.exit
    }
}
