//! `notation-aws-signer blob`: signs and verifies files that are not in a registry.

mod sign;
mod verify;

use clap::Subcommand;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Sign and verify files, such as archives, packages and SBOMs.
///
/// The signature is written to a separate file, in the format that the Notary Project specifies for blobs.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sign(Box<sign::Args>),
    Verify(Box<verify::Args>),
}

/// Runs the command.
///
/// # Errors
/// Returns the subcommand's error.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Sign(args) => sign::run(*args, output).await,
        Command::Verify(args) => verify::run(*args, output).await,
    }
}
