//! `notation-aws-signer local-signer`: a service with AWS Signer's API on this machine.

mod principal;
mod serve;

use clap::Subcommand;

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
    Serve(serve::Args),
    Principal(principal::Args),
}

impl Args {
    /// Whether the command runs the service, which has a log of its own and no results.
    #[must_use]
    pub fn serves(&self) -> bool {
        matches!(self.command, Command::Serve(_))
    }
}

/// Runs the command.
///
/// # Errors
/// Returns the subcommand's error.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Serve(args) => Ok(serve::run(args).await.map(|()| ExitStatus::DONE)?),
        Command::Principal(args) => principal::run(args, output),
    }
}
