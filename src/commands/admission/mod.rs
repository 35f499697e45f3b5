//! `notation-aws-signer admission`: registry admission checks.

mod check_config;
mod convert;
pub mod scan;
mod schema;
mod serve;
mod test;
pub mod verify_image;

use clap::Subcommand;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Decide which images may run, for Kubernetes, Gatekeeper and others.
///
/// A cluster asks whether the images of a Pod may run; the service verifies their signatures as `verify` does, and
/// answers with the reason. One file configures it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::Args>),
    CheckConfig(check_config::Args),
    Convert(convert::Args),
    Test(test::Args),
    Scan(Box<scan::Args>),
    Schema(schema::Args),
    VerifyImage(verify_image::Args),
}

impl Args {
    /// Whether the command runs the service, which has a log of its own and no results.
    #[must_use]
    pub fn serves(&self) -> bool {
        matches!(self.command, Command::Serve(_))
    }

    /// Whether the command writes more formats than text and JSON.
    #[must_use]
    pub fn has_special_formats(&self) -> bool {
        matches!(self.command, Command::Scan(_))
    }

    /// The command's name, if it does not support `--output json`.
    #[must_use]
    pub fn without_json(&self) -> Option<&'static str> {
        match self.command {
            Command::Serve(_) => Some("admission serve"),
            Command::CheckConfig(_) => Some("admission check-config"),
            Command::Convert(_) => Some("admission convert"),
            Command::Schema(_) => Some("admission schema"),
            Command::VerifyImage(_) => Some("admission verify-image"),
            Command::Test(_) | Command::Scan(_) => None,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if it fails as a whole.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Serve(args) => serve::run(*args).await.map(|()| ExitStatus::DONE),
        Command::CheckConfig(args) => check_config::run(&args, output).await.map(|()| ExitStatus::DONE),
        Command::Scan(args) => scan::run(*args, output).await,
        Command::Convert(args) => convert::run(&args, output).map(|()| ExitStatus::DONE),
        Command::Test(args) => test::run(args, output).await,
        Command::Schema(_) => schema::run().map(|()| ExitStatus::DONE),
        Command::VerifyImage(args) => Ok(verify_image::run(args).await),
    }
}
