//! `notation-aws-signer profile`: signing profiles of AWS Signer.

mod cancel;
mod get;
mod list;
mod permission;
mod put;
mod report;

use clap::Subcommand;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Create, show, list and cancel signing profiles.
///
/// A signing profile says how AWS Signer signs: for which platform (such as container images), and how long signatures
/// are valid. Signers name a profile to sign with, and verifiers name the profiles that they trust. Use
/// `revoke profile` to revoke one.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Put(Box<put::Args>),
    Get(get::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Cancel(cancel::Args),
    Permission(permission::Args),
}

/// Runs the command.
///
/// # Errors
/// Returns the subcommand's error.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Put(args) => put::run(*args, output).await,
        Command::Get(args) => get::run(&args, output).await,
        Command::List(args) => list::run(&args, output).await,
        Command::Cancel(args) => cancel::run(&args, output).await,
        Command::Permission(args) => permission::run(args, output).await,
    }
}
