//! The results of a command for several artifacts.

use notary::Descriptor;
use notary::text::printable;
use serde::Serialize;

use super::exit::{CliError, ExitStatus};
use super::{Output, SCHEMA_VERSION, WARN, paint};

/// The result for one artifact.
pub trait ArtifactResult {
    /// The command's exit status for this artifact alone.
    fn status(&self) -> ExitStatus;
}

/// Notes what `--recursive` found in an index that is not a manifest.
pub fn note_passed_over(others: &[Descriptor], output: &Output) {
    for Descriptor { digest, media_type, .. } in others {
        let media_type = printable(media_type);
        output.note(format!(
            "{} passed over {digest} of the index: {media_type} is not a manifest",
            paint(WARN, "note:")
        ));
    }
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

impl<Artifact: ArtifactResult + Serialize> ArtifactsReport<Artifact> {
    /// A report without results.
    #[must_use]
    pub fn new() -> Self {
        let exit = ExitStatus::DONE;
        Self { schema_version: SCHEMA_VERSION, status: exit.as_str(), artifacts: Vec::new(), exit }
    }

    /// Adds the results for one name of the command line. The worst result determines the status. Results that will not
    /// be written as JSON are dropped, since there may be thousands.
    pub fn add(&mut self, artifacts: Vec<Artifact>, output: &Output) {
        self.exit = ExitStatus::worst(artifacts.iter().map(ArtifactResult::status).chain([self.exit]));
        self.status = self.exit.as_str();
        if output.is_json() {
            self.artifacts.extend(artifacts);
        }
    }

    /// Writes the results if JSON is selected, and returns the command's exit status.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written.
    pub fn finish(&self, output: &Output) -> Result<ExitStatus, CliError> {
        output.json(self)?;
        Ok(self.exit)
    }
}
