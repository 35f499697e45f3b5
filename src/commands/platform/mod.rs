//! `notation-aws-signer platform`: signing platforms of AWS Signer.

mod get;
mod list;
mod report;

use clap::Subcommand;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Show what AWS Signer can sign.
///
/// A signing platform says what is signed (such as container images or functions of AWS Lambda), and with which
/// algorithms. Each signing profile has one.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Get(get::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
}

/// Runs the command.
///
/// # Errors
/// Returns the subcommand's error.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Get(args) => get::run(&args, output).await,
        Command::List(args) => list::run(&args, output).await,
    }
}
