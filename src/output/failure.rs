//! Failures in the JSON of all commands: docs/output/common.schema.json.

use notary::ReasonCode;
use serde::Serialize;

use super::SCHEMA_VERSION;
use super::exit::{CliError, ExitStatus};

/// One failure.
#[derive(Debug, Clone, Serialize)]
pub struct FailureReport {
    status: &'static str,
    /// The kind of the failure.
    pub code: ReasonCode,
    /// What happened.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl FailureReport {
    /// The command's exit status for this failure alone.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        self.code.disposition().into()
    }
}

impl From<CliError> for FailureReport {
    fn from(why: CliError) -> Self {
        Self { status: why.disposition().as_str(), code: why.code, message: why.message, advice: why.advice }
    }
}

/// The result of a command that failed as a whole: docs/output/error.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandFailure {
    schema_version: u32,
    status: &'static str,
    error: FailureReport,
}

impl From<CliError> for CommandFailure {
    fn from(why: CliError) -> Self {
        Self { schema_version: SCHEMA_VERSION, status: why.status().as_str(), error: why.into() }
    }
}
