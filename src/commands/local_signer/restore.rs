//! `notation-aws-signer local-signer restore`.

use std::path::PathBuf;

use local_signer::snapshot::{Existing, restore};
use notary::text::printable;

use super::LocalSignerError;
use crate::output::Output;
use crate::output::exit::CliError;

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
      --force")]
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

pub(super) fn run(args: &Args, output: &Output) -> Result<(), CliError> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let contents = restore(&args.dir, &args.from, existing).map_err(LocalSignerError::from)?;
    let dir = printable(&args.dir.display().to_string());
    output.text(format!("Restored {} files with {} bytes in {dir}", contents.files, contents.bytes))?;
    Ok(())
}
