//! `notation-aws-signer local-signer snapshot`.

use std::path::PathBuf;

use local_signer::snapshot::save;
use notary::text::printable;

use super::LocalSignerError;
use crate::output::Output;
use crate::output::exit::CliError;

/// Save the whole state of a local signer in one file, also while it serves.
///
/// The file has the signing profiles, signing jobs and revocations as they are at one moment, the certificate authority
/// with its private keys, the access keys of all users and roles, and the imported certificates. Only you can read it.
/// It is replaced if it exists. The configuration is not part of the state.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Save the state in ./signer, and restore it elsewhere:
    notation-aws-signer local-signer snapshot --dir ./signer --to signer.tar
    notation-aws-signer local-signer restore --dir ./copy --from signer.tar")]
pub(super) struct Args {
    /// The directory of the state
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The file to write
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<(), CliError> {
    let contents = save(&args.dir, &args.to).map_err(LocalSignerError::from)?;
    let file = printable(&args.to.display().to_string());
    output.text(format!("Saved {} files with {} bytes in {file}", contents.files, contents.bytes))?;
    output.note("The file contains private keys and access keys: keep it as safe as the directory itself.");
    Ok(())
}
