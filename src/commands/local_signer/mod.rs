//! `notation-aws-signer local-signer`: a service with AWS Signer's API on this machine.

mod certificate;
mod principal;
mod restore;
mod serve;
mod snapshot;

use std::io;

use clap::Subcommand;
use local_signer::StartError;
use local_signer::clock::ClockError;
use local_signer::controls::ControlsError;
use local_signer::credentials::CredentialsError;
use local_signer::snapshot::SnapshotError;
use notary::ReasonCode;

use self::serve::SECRET_VARIABLE;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Run a local service with AWS Signer's API, for tests without an AWS account.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::Args>),
    Certificate(certificate::Args),
    Principal(principal::Args),
    Snapshot(snapshot::Args),
    Restore(restore::Args),
}

impl Args {
    /// Whether the command runs the service, which has a log of its own and no results.
    #[must_use]
    pub fn serves(&self) -> bool {
        matches!(self.command, Command::Serve(_))
    }
}

/// Why `local-signer` failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalSignerError {
    /// The clock cannot start at the given time.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The given access keys are invalid.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// An access key id was given without its secret.
    #[error("--access-key-id requires the secret access key in the environment variable {SECRET_VARIABLE}")]
    NoSecret,
    /// The configuration cannot be put in force.
    #[error(transparent)]
    Controls(#[from] ControlsError),
    /// A certificate was not imported, or cannot be listed.
    #[error(transparent)]
    Certificate(#[from] certificate::CertificateError),
    /// The service did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The snapshot was not made or not restored.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The signal handlers cannot be installed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<LocalSignerError> for CliError {
    fn from(why: LocalSignerError) -> Self {
        let code = match &why {
            LocalSignerError::Start(StartError::Controls(_)) => ReasonCode::Configuration,
            LocalSignerError::Start(_) | LocalSignerError::Snapshot(_) | LocalSignerError::Io(_) => ReasonCode::File,
            LocalSignerError::Certificate(why) => why.code(),
            LocalSignerError::Clock(_)
            | LocalSignerError::Controls(_)
            | LocalSignerError::Credentials(_)
            | LocalSignerError::NoSecret => ReasonCode::Configuration,
        };
        Self::new(code, why)
    }
}

/// Runs the command.
///
/// # Errors
/// Returns the subcommand's error.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Serve(args) => serve::run(*args, output).await.map(|()| ExitStatus::DONE),
        Command::Certificate(args) => certificate::run(args, output).map(|()| ExitStatus::DONE),
        Command::Principal(args) => principal::run(args, output),
        Command::Snapshot(args) => snapshot::run(&args, output),
        Command::Restore(args) => restore::run(&args, output),
    }
}
