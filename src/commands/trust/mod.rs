//! `notation-aws-signer trust`: the trust stores in notation's configuration folder, which both tools read.

mod add;
mod list;
mod remove;

use clap::{Subcommand, ValueEnum};
use files::FileError;
use notary::text::rfc3339;
use notary::trust::policy::{StoreNameError, TrustStoreName, TrustStoreType};
use notary::x509::Certificate;
use notation::NotationFolder;
use serde::Serialize;
use time::OffsetDateTime;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// List, add and remove trusted certificates.
///
/// Trust stores are folders with trusted certificates in notation's configuration folder; notation and this tool use the same
/// folders. Trust policies name the stores that they use.
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
    let folder = NotationFolder::of_environment(|name| std::env::var_os(name))?;
    match args.command {
        Command::Add(args) => add::run(&args, &folder, output),
        Command::List(args) => list::run(&args, &folder, output),
        Command::Remove(args) => remove::run(&args, &folder, output),
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
    fn of_store(self) -> TrustStoreType {
        match self {
            Self::Ca => TrustStoreType::Ca,
            Self::SigningAuthority => TrustStoreType::SigningAuthority,
            Self::Tsa => TrustStoreType::Tsa,
        }
    }

    fn store(self, name: &str) -> Result<TrustStoreName, StoreNameError> {
        TrustStoreName::new(self.of_store(), name)
    }
}

/// A certificate, in JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateReport {
    subject: String,
    /// SHA-256, in lower-case hexadecimal.
    fingerprint: String,
    not_before: String,
    not_after: String,
    expired: bool,
}

impl CertificateReport {
    fn of(certificate: &Certificate, now: OffsetDateTime) -> Self {
        Self {
            subject: certificate.subject(),
            fingerprint: certificate.thumbprint(),
            not_before: rfc3339(certificate.not_before()),
            not_after: rfc3339(certificate.not_after()),
            expired: now > certificate.not_after(),
        }
    }
}

fn unreadable(why: FileError) -> CliError {
    CliError::usage(why)
}
