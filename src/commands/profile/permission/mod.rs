//! `notation-aws-signer profile permission`: what other accounts and roles may do with a signing profile.

mod add;
mod list;
mod remove;
mod report;
mod revision;

use clap::Subcommand;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Let other accounts and roles use a signing profile.
///
/// A permission is a statement in the policy of a profile: it permits one action to one principal. The principal's own
/// account must permit the action, too.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    Remove(remove::Args),
}

/// Runs the command.
///
/// # Errors
/// Returns the subcommand's error.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Add(args) => add::run(&args, output).await,
        Command::List(args) => list::run(&args, output).await,
        Command::Remove(args) => remove::run(&args, output).await,
    }
}
