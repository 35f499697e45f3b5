//! `notation-aws-signer trust add`.

use std::path::PathBuf;

use notary::text::printable;
use notation::trust_store::read_trust_file;
use notation::{AddError, NotationFolder};
use serde::Serialize;
use time::OffsetDateTime;

use super::{CertificateReport, Kind};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Add certificates to a trust store.
///
/// A certificate must belong to a certificate authority or be self-signed; in a tsa store it must be a root. Signatures with these
/// certificates will be trusted, so compare the printed fingerprint with one from a source that you trust.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Trust your own certificate authority; policies name the store ca:acme:
    notation-aws-signer trust add --type ca --store acme acme-root.pem

  Trust a local signer; policies name the store signingAuthority:local-signer:
    notation-aws-signer trust add --type signingAuthority \\
      --store local-signer signer/ca/root.pem

Exit codes: 0 all certificates are in the store; 2 a file could not be added, and the files after it were not tried.")]
pub(super) struct Args {
    /// The type of the trust store
    #[arg(long = "type", short = 't', value_name = "TYPE", value_enum)]
    kind: Kind,

    /// The name of the trust store; it is created if it does not exist
    #[arg(long, short, value_name = "NAME")]
    store: String,

    /// Replace a file of the same name with other certificates
    #[arg(long)]
    force: bool,

    /// Certificate files, PEM or DER
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// docs/output/trust-add.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    added: Vec<Added>,
    /// The files whose certificates were already in the store.
    present: Vec<Added>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    #[serde(rename = "type")]
    kind: &'static str,
    store: String,
    file: String,
    certificates: Vec<CertificateReport>,
}

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let store = args.kind.store(&args.store).map_err(|why| CliError::usage(format!("--store: {why}")))?;
    let now = OffsetDateTime::now_utc();
    let mut added = Vec::new();
    let mut present = Vec::new();
    for file in &args.files {
        let content = read_trust_file(file).map_err(CliError::usage)?;
        let (stored, is_new) = match folder.add_certificates(&store, file, &content, args.force) {
            Ok(stored) => (stored, true),
            Err(AddError::Present(stored)) => (*stored, false),
            Err(why) => return Err(CliError::usage(why)),
        };
        let path = printable(&stored.path.display().to_string());
        output.text(match is_new {
            true => format!("{} {path} to {store}", paint(GOOD, "added")),
            false => format!("{} in {store}: {path}", paint(GOOD, "already present")),
        })?;
        let certificates = stored.certificates.as_deref().unwrap_or_default();
        let certificates: Vec<_> =
            certificates.iter().map(|certificate| CertificateReport::of(certificate, now)).collect();
        for certificate in &certificates {
            output.text(format!("  {}\n    SHA-256 {}", certificate.subject, certificate.fingerprint))?;
            if certificate.expired {
                output.note(format!("note: {} expired on {}", certificate.subject, certificate.not_after));
            }
        }
        let results = if is_new { &mut added } else { &mut present };
        results.push(Added {
            kind: store.store_type().as_str(),
            store: store.name().to_owned(),
            file: path,
            certificates,
        });
    }
    let status = ExitStatus::Done;
    output.json(&Report { schema_version: SCHEMA_VERSION, status: status.as_str(), added, present })?;
    Ok(status)
}
