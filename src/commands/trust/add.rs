//! `notation-aws-signer trust add`.

use std::path::PathBuf;

use notation::trust_store::read_trust_file;
use notation::{AddError, NotationFolder};
use time::OffsetDateTime;

use super::{FileOutcome, FileReport, Kind, TrustReport, note_backup};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, paint, unwritable};

/// Add certificates to a trust store.
///
/// A certificate must belong to a certificate authority or be self-signed; in a tsa store it must be a root. Signatures
/// with these certificates will be trusted, so compare the printed thumbprint with one from a source that you trust.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "notation-aws-signer trust add [OPTIONS] --type <TYPE> --store <NAME>
       <FILE>...",
    after_help = "Examples:
  Trust your own certificate authority; policies name the store ca:acme:
    notation-aws-signer trust add --type ca --store acme acme-root.pem

  Trust a local signer; policies name the store signingAuthority:local-signer:
    notation-aws-signer trust add --type signingAuthority \\
      --store local-signer signer/ca/root.pem

Exit codes: 0 all certificates are in the store; 2 a file could not be added, and the files after it were not tried."
)]
pub(super) struct Args {
    /// The type of the trust store
    #[arg(long = "type", short = 't', value_name = "TYPE", value_enum)]
    kind: Kind,

    /// The name of the trust store; it is created if it does not exist
    #[arg(long, short, value_name = "NAME")]
    store: String,

    /// Replace a file of the same name with other certificates; the replaced file is kept in truststore.bak
    #[arg(long)]
    force: bool,

    /// Certificate files, PEM or DER
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let store = args.kind.store(&args.store).map_err(|why| CliError::configuration(format!("--store: {why}")))?;
    let now = OffsetDateTime::now_utc();
    let mut files = Vec::new();
    for file in &args.files {
        let content = read_trust_file(file)?;
        let (stored, outcome, backup) = match folder.add_certificates(&store, file, &content, args.force) {
            Ok((stored, written)) => (stored, FileOutcome::Added, written.backup),
            Err(AddError::Present(stored)) => (*stored, FileOutcome::AlreadyPresent, None),
            Err(why) => return Err(unwritable::store_error(why, folder.root())),
        };
        let report = FileReport::new(outcome, &stored, now);
        output.sentence(&match outcome {
            FileOutcome::Added => format!("{} {} to {store}", paint(GOOD, "added"), report.file),
            _ => format!("{} in {store}: {}", paint(GOOD, "already present"), report.file),
        })?;
        report.certificates.iter().try_for_each(|certificate| certificate.show(output))?;
        note_backup(backup.as_deref(), output);
        files.push(report);
    }
    let status = ExitStatus::DONE;
    output.json(&TrustReport::new(status, files))?;
    Ok(status)
}
