//! `notation-aws-signer blob`: files that are no artifacts of a registry.

mod sign;
mod verify;

use clap::Subcommand;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Sign and verify files: archives, packages, SBOMs.
///
/// The signature is an envelope in a file of its own, as the Notary Project's specification has it for blobs.
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
/// The subcommand's.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Sign(args) => sign::run(*args, output).await,
        Command::Verify(args) => verify::run(*args, output).await,
    }
}
