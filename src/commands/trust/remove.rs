//! `notation-aws-signer trust remove`.

use notary::text::printable;
use notary::x509::Certificate;
use notation::{NotationFolder, StoredFile};
use serde::Serialize;
use time::OffsetDateTime;

use super::{CertificateReport, Kind, unreadable};
use crate::output::confirm::confirm;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Remove certificates from trust stores.
///
/// Signatures that chain only to the removed certificates are refused from then on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Remove a certificate file by name:
    notation-aws-signer trust remove --type ca --store acme acme-root.pem

  Remove a certificate by its SHA-256 fingerprint, without confirmation:
    notation-aws-signer trust remove --yes \\
      90a87d0543c3f094dbff9589b6649affe2f3d6e0f308799be2258461c686473f

Exit codes: 0 removed; 2 nothing removed, because the certificate was not found or you did not confirm.")]
pub(super) struct Args {
    /// The name of a file in a trust store, or the SHA-256 fingerprint of a certificate, as `trust list` shows it
    #[arg(value_name = "FILE|FINGERPRINT", required = true)]
    names: Vec<String>,

    /// Look only in trust stores of this type
    #[arg(long = "type", short = 't', value_name = "TYPE", value_enum)]
    kind: Option<Kind>,

    /// Look only in trust stores with this name
    #[arg(long, short, value_name = "NAME")]
    store: Option<String>,

    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

/// docs/output/trust-remove.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    removed: Vec<Removed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    #[serde(rename = "type")]
    kind: &'static str,
    store: String,
    file: String,
    certificates: Vec<CertificateReport>,
}

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let mut files = folder.stored_files().map_err(unreadable)?;
    files.retain(|file| {
        args.kind.is_none_or(|kind| kind.of_store() == file.store.store_type())
            && args.store.as_ref().is_none_or(|name| name == file.store.name())
    });
    let mut chosen: Vec<&StoredFile> = Vec::new();
    for name in &args.names {
        let file = find(&files, name)?;
        if !chosen.iter().any(|earlier| earlier.path == file.path) {
            chosen.push(file);
        }
    }
    for file in &chosen {
        output.note(format!("{} of {}:", printable(&file.path.display().to_string()), file.store));
        for certificate in file.certificates.as_deref().unwrap_or_default() {
            output.note(format!("  {}\n    SHA-256 {}", certificate.subject(), certificate.thumbprint()));
        }
    }
    let what =
        if chosen.len() == 1 { "remove this file".into() } else { format!("remove these {} files", chosen.len()) };
    confirm(args.yes, &what)?;
    let now = OffsetDateTime::now_utc();
    let mut removed = Vec::new();
    for file in chosen {
        folder.remove_stored_file(file).map_err(unreadable)?;
        let path = printable(&file.path.display().to_string());
        output.text(format!("{} {path}", paint(GOOD, "removed")))?;
        let certificates = file.certificates.as_deref().unwrap_or_default();
        removed.push(Removed {
            kind: file.store.store_type().as_str(),
            store: file.store.name().to_owned(),
            file: path,
            certificates: certificates.iter().map(|certificate| CertificateReport::of(certificate, now)).collect(),
        });
    }
    let status = ExitStatus::Done;
    output.json(&Report { schema_version: SCHEMA_VERSION, status: status.as_str(), removed })?;
    Ok(status)
}

/// The file with this name or fingerprint. It must be the only one.
fn find<'a>(files: &'a [StoredFile], name: &str) -> Result<&'a StoredFile, CliError> {
    let fingerprint = fingerprint(name);
    let is_meant = |certificate: &Certificate| fingerprint.as_ref() == Some(&certificate.thumbprint());
    let found: Vec<&StoredFile> = files
        .iter()
        .filter(|file| match &fingerprint {
            Some(_) => file.certificates.as_deref().unwrap_or_default().iter().any(is_meant),
            None => file.path.file_name().is_some_and(|theirs| theirs == name),
        })
        .collect();
    match found[..] {
        [] => {
            let advice = "run `notation-aws-signer trust list` to see the certificates";
            Err(CliError::usage(format!("no trust store has {:?}: {advice}", printable(name))))
        }
        [file] => {
            let others = file.certificates.as_deref().unwrap_or_default().iter().filter(|c| !is_meant(c)).count();
            if fingerprint.is_some() && others > 0 {
                let path = printable(&file.path.display().to_string());
                let why =
                    format!("{path} also has {others} other certificates: give the file's name to remove them all");
                return Err(CliError::usage(why));
            }
            Ok(file)
        }
        ref several => {
            let stores: Vec<_> = several.iter().take(10).map(|file| file.store.to_string()).collect();
            let stores = stores.join(", ");
            let name = printable(name);
            Err(CliError::usage(format!(
                "{name} is in several trust stores ({stores}): choose one with --type and --store"
            )))
        }
    }
}

/// Parses a SHA-256 fingerprint in hexadecimal, with or without colons between the bytes.
fn fingerprint(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    (digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then_some(digits)
}
