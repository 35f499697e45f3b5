//! `notation-aws-signer local-signer principal remove`.

use std::path::PathBuf;

use local_signer::principals::{PrincipalName, PrincipalStore, PrincipalsError};
use serde::Serialize;

use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Remove a user or role of a local signer, and its profile from DIR/credentials.
///
/// A service that runs with this directory refuses its keys from then on. What the principal signed stays valid.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Remove a user:
    notation-aws-signer local-signer principal remove alice --dir ./signer

Exit codes: 0 removed; 2 nothing removed, because there is no such principal.")]
pub(super) struct Args {
    /// The name, as `principal list` shows it
    #[arg(value_name = "NAME", value_parser = name_of)]
    name: PrincipalName,

    /// The directory of the service
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

/// The results: docs/output/local-signer-principal-remove.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RemoveReport {
    schema_version: u32,
    status: &'static str,
    name: String,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    PrincipalStore::open_existing(&args.dir)?.remove(&args.name)?;
    output.sentence(&format!("{} {}", paint(GOOD, "removed"), args.name))?;
    let status = ExitStatus::DONE;
    output.json(&RemoveReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        name: args.name.to_string(),
    })?;
    Ok(status)
}

fn name_of(text: &str) -> Result<PrincipalName, PrincipalsError> {
    text.parse()
}
