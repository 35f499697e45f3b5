//! `notation-aws-signer job`: signing jobs of AWS Signer, which sign objects in Amazon S3.

mod get;
mod list;
mod report;
mod s3;
mod start;
mod verify;
mod wait;
mod waiting;

use clap::Subcommand;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Start, show, list, wait for and verify signing jobs.
///
/// A signing job signs an object in Amazon S3, such as a function of AWS Lambda or the firmware of a device. Signatures
/// of container images have jobs, too: `sign` makes them. Use `revoke signature` to revoke the signature of a job.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Start(Box<start::Args>),
    Get(get::Args),
    #[command(visible_alias = "ls")]
    List(Box<list::Args>),
    Wait(wait::Args),
    Verify(Box<verify::Args>),
}

/// Runs the command.
///
/// # Errors
/// Returns the subcommand's error.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Start(args) => start::run(*args, output).await,
        Command::Get(args) => get::run(&args, output).await,
        Command::List(args) => list::run(&args, output).await,
        Command::Wait(args) => wait::run(&args, output).await,
        Command::Verify(args) => verify::run(*args, output).await,
    }
}
