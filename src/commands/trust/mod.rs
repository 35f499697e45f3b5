//! `notation-aws-signer trust`: the trust stores in notation's configuration folder, which both tools read.

mod add;
mod list;
mod remove;

use std::path::Path;

use clap::{Subcommand, ValueEnum};
use notary::ReasonCode;
use notary::text::printable;
use notary::trust::policy::{StoreNameError, TrustStoreName, TrustStoreType};
use notary::x509::Certificate;
use notation::{NotationFolder, StoredFile};
use serde::Serialize;
use time::OffsetDateTime;

use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::vocabulary::CertificateReport;
use crate::output::wrap::{fact, hanging};
use crate::output::{Output, SCHEMA_VERSION, WARN, paint};

/// List, add and remove trusted certificates.
///
/// Trust stores are folders with trusted certificates in notation's configuration folder; notation and this tool use
/// the same folders. Trust policies name the stores that they use.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::Args),
    List(list::Args),
    Remove(remove::Args),
}

/// Runs the command.
///
/// # Errors
/// Returns the subcommand's error, or [`CliError`] if notation's configuration folder is unknown.
pub fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let folder = NotationFolder::from_environment(|name| std::env::var_os(name))?;
    match args.command {
        Command::Add(args) => add::run(&args, &folder, output),
        Command::List(args) => list::run(&args, &folder, output),
        Command::Remove(args) => remove::run(&args, &folder, output),
    }
}

/// Says where the earlier file is, if one was replaced or removed.
fn note_backup(backup: Option<&Path>, output: &Output) {
    if let Some(backup) = backup {
        output.note(format!("  the earlier file is in {}", printable(&backup.display().to_string())));
    }
}

/// The type of a trust store on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Certificate authorities, for signatures with your own certificates
    #[value(name = "ca")]
    Ca,
    /// Signing authorities: services that sign for you, such as AWS Signer
    #[value(name = "signingAuthority")]
    SigningAuthority,
    /// Timestamping authorities
    #[value(name = "tsa")]
    Tsa,
}

impl Kind {
    fn store_type(self) -> TrustStoreType {
        match self {
            Self::Ca => TrustStoreType::Ca,
            Self::SigningAuthority => TrustStoreType::SigningAuthority,
            Self::Tsa => TrustStoreType::Tsa,
        }
    }

    fn store(self, name: &str) -> Result<TrustStoreName, StoreNameError> {
        TrustStoreName::new(self.store_type(), name)
    }
}

/// The certificates of a file in a trust store, and what was done with it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileReport {
    outcome: FileOutcome,
    trust_store: String,
    file: String,
    certificates: Vec<StoredCertificate>,
    /// Why verification cannot use the trust store because of this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
}

/// The outcome for a file of a trust store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum FileOutcome {
    Added,
    AlreadyPresent,
    Removed,
    Ok,
    Failed,
}

/// A certificate of a trust store.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoredCertificate {
    #[serde(flatten)]
    certificate: CertificateReport,
    expired: bool,
}

impl FileReport {
    fn new(outcome: FileOutcome, file: &StoredFile, now: OffsetDateTime) -> Self {
        let certificates = file.certificates.as_deref().unwrap_or_default();
        Self {
            outcome,
            trust_store: file.store.to_string(),
            file: printable(&file.path.display().to_string()),
            certificates: certificates.iter().map(|certificate| StoredCertificate::new(certificate, now)).collect(),
            error: file.certificates.as_ref().err().map(|why| CliError::new(ReasonCode::File, why).into()),
        }
    }
}

impl StoredCertificate {
    fn new(certificate: &Certificate, now: OffsetDateTime) -> Self {
        Self { certificate: CertificateReport::new(certificate), expired: now > certificate.not_after() }
    }

    /// Writes the certificate as text.
    fn show(&self, output: &Output) -> Result<(), CliError> {
        let CertificateReport { subject, thumbprint, not_after, .. } = &self.certificate;
        let columns = output.columns();
        output.text(hanging("  ", 4, &printable(subject), columns))?;
        output.text(fact(4, "thumbprint", 11, thumbprint, columns))?;
        let mark = if self.expired { format!(" {}", paint(WARN, "expired")) } else { String::new() };
        output.text(fact(4, "valid until", 11, &format!("{not_after}{mark}"), columns))
    }
}

/// The results of a subcommand: docs/output/trust-add.schema.json, trust-list.schema.json and trust-remove.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TrustReport {
    schema_version: u32,
    status: &'static str,
    files: Vec<FileReport>,
}

impl TrustReport {
    fn new(status: ExitStatus, files: Vec<FileReport>) -> Self {
        Self { schema_version: SCHEMA_VERSION, status: status.as_str(), files }
    }
}
