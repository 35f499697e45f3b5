//! `notation-aws-signer trust remove`.

use notary::ReasonCode;
use notary::text::printable;
use notary::x509::Certificate;
use notation::{NotationFolder, StoredFile};
use time::OffsetDateTime;

use super::{FileOutcome, FileReport, Kind, TrustReport, note_backup};
use crate::output::confirm::confirm;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, paint};

/// Remove certificates from trust stores.
///
/// Signatures that chain only to the removed certificates are refused from then on. The files are kept in the folder
/// truststore.bak of notation's configuration, where they are not trusted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Remove a certificate file by name:
    notation-aws-signer trust remove --type ca --store acme acme-root.pem

  Remove a certificate by its SHA-256 thumbprint, without confirmation:
    notation-aws-signer trust remove --yes \\
      90a87d0543c3f094dbff9589b6649affe2f3d6e0f308799be2258461c686473f

Exit codes: 0 removed; 2 nothing removed, because the certificate was not found or you did not confirm.")]
pub(super) struct Args {
    /// The name of a file in a trust store, or the SHA-256 thumbprint of a certificate, as `trust list` shows it
    #[arg(value_name = "FILE|THUMBPRINT", required = true)]
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

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let mut stored = folder.stored_files()?;
    stored.retain(|file| {
        args.kind.is_none_or(|kind| kind.store_type() == file.store.store_type())
            && args.store.as_ref().is_none_or(|name| name == file.store.name())
    });
    let mut chosen: Vec<&StoredFile> = Vec::new();
    for name in &args.names {
        let file = find(&stored, name)?;
        if !chosen.iter().any(|earlier| earlier.path == file.path) {
            chosen.push(file);
        }
    }
    for file in &chosen {
        output.note(format!("{} of {}:", printable(&file.path.display().to_string()), file.store));
        for certificate in file.certificates.as_deref().unwrap_or_default() {
            output.indented_note(&printable(certificate.subject()), 2);
            output.indented_note(&format!("thumbprint {}", certificate.thumbprint()), 4);
        }
    }
    let what =
        if chosen.len() == 1 { "remove this file".into() } else { format!("remove these {} files", chosen.len()) };
    confirm(args.yes, &what)?;
    let now = OffsetDateTime::now_utc();
    let mut files = Vec::new();
    for file in chosen {
        let backup = folder.remove_stored_file(file)?;
        let report = FileReport::new(FileOutcome::Removed, file, now);
        output.sentence(&format!("{} {}", paint(GOOD, "removed"), report.file))?;
        note_backup(backup.as_deref(), output);
        files.push(report);
    }
    let status = ExitStatus::DONE;
    output.json(&TrustReport::new(status, files))?;
    Ok(status)
}

/// The file with this name or thumbprint. It must be the only one.
fn find<'a>(files: &'a [StoredFile], name: &str) -> Result<&'a StoredFile, CliError> {
    let thumbprint = thumbprint(name);
    let is_meant = |certificate: &Certificate| thumbprint.as_deref() == Some(certificate.thumbprint());
    let found: Vec<&StoredFile> = files
        .iter()
        .filter(|file| match &thumbprint {
            Some(_) => file.certificates.as_deref().unwrap_or_default().iter().any(is_meant),
            None => file.path.file_name().is_some_and(|theirs| theirs == name),
        })
        .collect();
    match found[..] {
        [] => {
            let why = CliError::new(ReasonCode::NotFound, format!("no trust store has {:?}", printable(name)));
            Err(why.with_advice("Run `notation-aws-signer trust list` to see the certificates."))
        }
        [file] => {
            let others = file.certificates.as_deref().unwrap_or_default().iter().filter(|c| !is_meant(c)).count();
            if thumbprint.is_some() && others > 0 {
                let path = printable(&file.path.display().to_string());
                let why = CliError::configuration(format!("{path} also has {others} other certificates"));
                return Err(why.with_advice("Give the file's name to remove them all."));
            }
            Ok(file)
        }
        ref several => {
            let stores: Vec<_> = several.iter().take(10).map(|file| file.store.to_string()).collect();
            let stores = stores.join(", ");
            let name = printable(name);
            let why = CliError::configuration(format!("{name} is in several trust stores ({stores})"));
            Err(why.with_advice("Choose one with --type and --store."))
        }
    }
}

/// Parses a SHA-256 thumbprint in hexadecimal, with or without colons between the bytes.
fn thumbprint(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    (digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then_some(digits)
}
