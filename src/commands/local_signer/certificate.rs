//! `notation-aws-signer local-signer certificate`: signing material for device platforms. It plays AWS Certificate
//! Manager.

use std::io;
use std::path::{Path, PathBuf};

use aws_names::{AccountId, Location, Region};
use clap::Subcommand;
use local_signer::certificates::{Certificates, CertificatesError};
use notary::ReasonCode;
use notary::text::printable;

use super::LocalSignerError;
use crate::output::Output;
use crate::output::exit::CliError;

/// The most bytes of a file with certificates or a key.
const MAX_FILE: u64 = 512 * 1024;
/// The region of the examples, and of the environment that `serve` prints.
const REGION: &str = "us-west-2";

/// Import and list code signing certificates, as AWS Certificate Manager does.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(ImportArgs),
    List(ListArgs),
}

/// Import a code signing certificate with its private key, and print its ARN.
///
/// Signing profiles of the platforms for devices name the ARN as their signing material. The certificate must have the
/// extended key usage "code signing". It can be imported while the local signer runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Import a certificate, and create a signing profile with it:
    notation-aws-signer local-signer certificate import --dir ./signer \\
      --certificate signer.pem --private-key signer-key.pem
    aws signer put-signing-profile --profile-name firmware \\
      --platform-id AmazonFreeRTOS-Default \\
      --signing-material certificateArn=ARN")]
struct ImportArgs {
    /// The directory of the local signer; it is created if it does not exist, readable only by you
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The certificate (PEM)
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,

    /// Its private key (PEM, not encrypted)
    #[arg(long, value_name = "FILE")]
    private_key: PathBuf,

    /// The certificates that issued it (PEM), nearest first
    #[arg(long, value_name = "FILE")]
    chain: Option<PathBuf>,

    /// The region in the ARN: that of the signing profiles
    #[arg(long, value_name = "REGION", env = "AWS_REGION", default_value = REGION)]
    region: Region,

    /// The AWS account id in the ARN: that of the signing profiles
    #[arg(long, value_name = "ID", default_value_t = AccountId::EXAMPLE)]
    account: AccountId,
}

/// List the imported certificates.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  List the certificates of the local signer with the state in ./signer:
    notation-aws-signer local-signer certificate list --dir ./signer")]
struct ListArgs {
    /// The directory of the local signer
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

/// Why a certificate was not imported, or cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{option} {path}: {why}", path = path.display())]
    Read {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the system.
        why: io::Error,
    },
    /// The certificates cannot be used.
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
}

impl CertificateError {
    /// The kind of the failure.
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Certificates(CertificatesError::Material(_)) => ReasonCode::Configuration,
            _ => ReasonCode::File,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if a file cannot be used.
pub fn run(args: Args, output: &Output) -> Result<(), CliError> {
    let lines = match args.command {
        Command::Import(args) => import(args),
        Command::List(args) => list(&args),
    };
    lines.map_err(LocalSignerError::from)?.iter().try_for_each(|line| output.text(line))
}

fn import(args: ImportArgs) -> Result<Vec<String>, CertificateError> {
    let certificate = read("--certificate", &args.certificate)?;
    let key = read("--private-key", &args.private_key)?;
    let chain = args.chain.as_deref().map(|path| read("--chain", path)).transpose()?;
    let location = Location::new(args.region, args.account);
    Ok(vec![Certificates::import(&args.dir, &location, &certificate, &key, chain.as_deref())?.to_string()])
}

fn list(args: &ListArgs) -> Result<Vec<String>, CertificateError> {
    let imported = Certificates::of(&args.dir).list()?;
    let line = |imported: &local_signer::certificates::Imported| {
        let subject = printable(&imported.subject);
        format!("{} {} until {} {subject}", imported.arn, imported.key_type, imported.not_after)
    };
    Ok(imported.iter().map(line).collect())
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, CertificateError> {
    let failed = |why| CertificateError::Read { option, path: path.to_owned(), why };
    let bytes = files::read_up_to(path, MAX_FILE).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}
