//! `notation-aws-signer local-signer restore`.

use std::path::PathBuf;

use local_signer::snapshot::{Existing, restore};
use notary::text::printable;
use serde::Serialize;

use super::LocalSignerError;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Restore the state of a local signer from a snapshot.
///
/// The snapshot is checked completely before it takes effect, in one step: after a crash, the directory has the old
/// state or the restored one. Other files in the directory, such as config.yaml, are kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Restore a snapshot to a new directory, and serve it:
    notation-aws-signer local-signer restore --dir ./copy --from signer.tar
    notation-aws-signer local-signer serve --dir ./copy

  Go back to a snapshot, after stopping the service:
    notation-aws-signer local-signer restore --dir ./signer --from signer.tar \\
      --force

Exit codes: 0 restored; 2 nothing changed: the directory is in use or has a state, or the snapshot is damaged.")]
pub(super) struct Args {
    /// The directory of the state; it is created if it does not exist. It must not be served
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The snapshot
    #[arg(long, value_name = "FILE")]
    from: PathBuf,

    /// Replace the state that is in the directory
    #[arg(long)]
    force: bool,
}

/// The results: docs/output/local-signer-restore.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RestoreReport {
    schema_version: u32,
    status: &'static str,
    directory: String,
    files: usize,
    bytes: u64,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let contents = restore(&args.dir, &args.from, existing).map_err(LocalSignerError::from)?;
    let directory = args.dir.display().to_string();
    let (files, bytes) = (contents.files, contents.bytes);
    output.sentence(&format!(
        "{} {} ({files} files, {bytes} bytes)",
        paint(GOOD, "restored"),
        printable(&directory)
    ))?;
    let status = ExitStatus::DONE;
    output.json(&RestoreReport { schema_version: SCHEMA_VERSION, status: status.as_str(), directory, files, bytes })?;
    Ok(status)
}
