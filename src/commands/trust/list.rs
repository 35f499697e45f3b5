//! `notation-aws-signer trust list`.

use notary::text::printable;
use notation::{NotationFolder, StoredFile};
use serde::Serialize;
use time::OffsetDateTime;

use super::{CertificateReport, Kind, unreadable};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{BAD, DIM, Output, SCHEMA_VERSION, WARN, paint};

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

/// docs/output/trust-list.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    files: Vec<FileReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileReport {
    #[serde(rename = "type")]
    kind: &'static str,
    store: String,
    file: String,
    certificates: Vec<CertificateReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl FileReport {
    fn of(file: &StoredFile, now: OffsetDateTime) -> Self {
        let certificates = file.certificates.as_deref().unwrap_or_default();
        Self {
            kind: file.store.store_type().as_str(),
            store: file.store.name().to_owned(),
            file: printable(&file.path.display().to_string()),
            certificates: certificates.iter().map(|certificate| CertificateReport::of(certificate, now)).collect(),
            problem: file.certificates.as_ref().err().map(|why| printable(&why.to_string())),
        }
    }

    fn show(&self, output: &Output) -> Result<(), CliError> {
        output.text(format!("{}:{} {}", self.kind, self.store, paint(DIM, &self.file)))?;
        for certificate in &self.certificates {
            output.text(format!("  {}", certificate.subject))?;
            output.text(format!("    {} {}", paint(DIM, "SHA-256"), certificate.fingerprint))?;
            let until = format!("{} {}", paint(DIM, "valid until"), certificate.not_after);
            let mark = if certificate.expired { format!(" {}", paint(WARN, "expired")) } else { String::new() };
            output.text(format!("    {until}{mark}"))?;
        }
        match &self.problem {
            Some(why) => output.text(format!("  {} {why}", paint(BAD, "problem:"))),
            None => Ok(()),
        }
    }
}

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let now = OffsetDateTime::now_utc();
    let mut files = folder.stored_files().map_err(unreadable)?;
    files.retain(|file| {
        args.kind.is_none_or(|kind| kind.of_store() == file.store.store_type())
            && args.store.as_ref().is_none_or(|name| name == file.store.name())
    });
    let files: Vec<_> = files.iter().map(|file| FileReport::of(file, now)).collect();
    files.iter().try_for_each(|file| file.show(output))?;
    if files.is_empty() {
        output.note("no certificates found");
    }
    let is_sound = files.iter().all(|file| file.problem.is_none());
    let status = if is_sound { ExitStatus::Done } else { ExitStatus::Usage };
    output.json(&Report { schema_version: SCHEMA_VERSION, status: status.as_str(), files })?;
    Ok(status)
}
