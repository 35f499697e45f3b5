//! Members that the JSON of profiles and of jobs have in common: docs/output/common.schema.json.

use aws_signer::Overrides;
use serde::Serialize;

use super::facts::Facts;
use crate::output::exit::CliError;

/// What a profile changes in the configuration of its platform.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OverridesReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    image_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_algorithm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_algorithm: Option<String>,
}

impl OverridesReport {
    /// The report, unless nothing is changed.
    #[must_use]
    pub fn new(overrides: &Overrides) -> Option<Self> {
        let Overrides { image_format, encryption_algorithm, hash_algorithm } = overrides.clone();
        (!overrides.is_empty()).then_some(Self { image_format, encryption_algorithm, hash_algorithm })
    }

    /// Writes the report as text.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written to.
    pub fn show(&self, facts: &Facts<'_>) -> Result<(), CliError> {
        facts.say_known("image format", self.image_format.as_ref())?;
        facts.say_known("encryption", self.encryption_algorithm.as_ref())?;
        facts.say_known("hash", self.hash_algorithm.as_ref())
    }
}
