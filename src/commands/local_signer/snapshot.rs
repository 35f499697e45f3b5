//! `notation-aws-signer local-signer snapshot`.

use std::path::PathBuf;

use local_signer::snapshot::save;
use notary::text::printable;
use serde::Serialize;

use super::LocalSignerError;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Save the whole state of a local signer in one file, also while it serves.
///
/// The file has the signing profiles, signing jobs and revocations as they are at one moment, the certificate authority
/// with its private keys, the access keys of all users and roles, and the imported certificates. Only you can read it.
/// It is replaced if it exists. The configuration is not part of the state.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Save the state in ./signer, and restore it elsewhere:
    notation-aws-signer local-signer snapshot --dir ./signer --to signer.tar
    notation-aws-signer local-signer restore --dir ./copy --from signer.tar

Exit codes: 0 saved; 2 the directory has no state, or a file cannot be read or written.")]
pub(super) struct Args {
    /// The directory of the state
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The file to write
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// The results: docs/output/local-signer-snapshot.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotReport {
    schema_version: u32,
    status: &'static str,
    file: String,
    files: usize,
    bytes: u64,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let contents = save(&args.dir, &args.to).map_err(LocalSignerError::from)?;
    let file = args.to.display().to_string();
    let (files, bytes) = (contents.files, contents.bytes);
    output.sentence(&format!("{} {} ({files} files, {bytes} bytes)", paint(GOOD, "saved"), printable(&file)))?;
    output.note("The file contains private keys and access keys: keep it as safe as the directory itself.");
    let status = ExitStatus::DONE;
    output.json(&SnapshotReport { schema_version: SCHEMA_VERSION, status: status.as_str(), file, files, bytes })?;
    Ok(status)
}
