//! `notation-aws-signer trust list`.

use notary::text::printable;
use notation::{NotationFolder, StoredFile};
use time::OffsetDateTime;

use super::{FileOutcome, FileReport, Kind, TrustReport};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::wrap::hanging;
use crate::output::{BAD, DIM, Output, paint};

/// List the certificates of the trust stores.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  List all certificates; expired ones are marked:
    notation-aws-signer trust list

  List the root certificates for AWS Signer's signatures, as JSON:
    notation-aws-signer trust list --type signingAuthority --output json

Exit codes: 0 listed; 2 a file in a trust store is invalid, so verification cannot use that trust store.")]
pub(super) struct Args {
    /// List only trust stores of this type
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    kind: Option<Kind>,

    /// List only trust stores with this name
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
}

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let now = OffsetDateTime::now_utc();
    let mut files = folder.stored_files()?;
    files.retain(|file| {
        args.kind.is_none_or(|kind| kind.store_type() == file.store.store_type())
            && args.store.as_ref().is_none_or(|name| name == file.store.name())
    });
    let report = |file: &StoredFile| {
        let outcome = if file.certificates.is_ok() { FileOutcome::Ok } else { FileOutcome::Failed };
        FileReport::new(outcome, file, now)
    };
    let files: Vec<_> = files.iter().map(report).collect();
    files.iter().try_for_each(|file| show(file, output))?;
    if files.is_empty() {
        output.note("no certificates found");
    }
    let errors = files.iter().filter_map(|file| file.error.as_ref());
    let status = ExitStatus::worst(errors.map(FailureReport::status));
    output.json(&TrustReport::new(status, files))?;
    Ok(status)
}

fn show(file: &FileReport, output: &Output) -> Result<(), CliError> {
    output.sentence(&format!("{} {}", file.trust_store, paint(DIM, &file.file)))?;
    file.certificates.iter().try_for_each(|certificate| certificate.show(output))?;
    match &file.error {
        Some(error) => {
            let message = format!("{}: {}", file.file, printable(&error.message));
            output.failure_beside_text(message, error.advice.as_deref());
            let failed = format!("  {} ", paint(BAD, "failed:"));
            output.text(hanging(&failed, 4, &printable(&error.message), output.columns()))
        }
        None => Ok(()),
    }
}
