//! `notation-aws-signer version`.

use serde::Serialize;

use crate::output::exit::{CliError, ExitStatus};
use crate::output::{Output, SCHEMA_VERSION, show_fact};

/// Show the version, the commit that it was built from, and the target that it was built for.
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "Examples:
  Show what to name in a bug report:
    notation-aws-signer version

  Show only the version, as JSON:
    notation-aws-signer version --output json

Exit codes: 0 shown."
)]
pub struct Args {}

/// docs/output/version.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionReport {
    schema_version: u32,
    status: &'static str,
    version: &'static str,
    /// Absent if the source was neither a git checkout nor an archive of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
    target: &'static str,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if standard output cannot be written to.
pub fn run(output: &Output) -> Result<ExitStatus, CliError> {
    let status = ExitStatus::DONE;
    let report = VersionReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        version: env!("CARGO_PKG_VERSION"),
        commit: Some(env!("BUILD_COMMIT")).filter(|commit| !commit.is_empty()),
        target: env!("BUILD_TARGET"),
    };
    output.text(format_args!("{} {}", env!("CARGO_PKG_NAME"), report.version))?;
    show_fact("commit", 6, report.commit.unwrap_or("unknown: built without git"), output)?;
    show_fact("target", 6, report.target, output)?;
    output.json(&report)?;
    Ok(status)
}
