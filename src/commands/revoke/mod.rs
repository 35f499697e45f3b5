//! `notation-aws-signer revoke`: takes trust in signatures back, for good.

mod found;
mod profile;
mod signature;

use aws_signer::MAX_REASON;
use clap::Subcommand;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Revoke signatures of AWS Signer. It cannot be undone.
///
/// Verification asks AWS Signer about revocations, so that what was revoked is refused from then on, wherever it is.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Profile(Box<profile::Args>),
    Signature(Box<signature::Args>),
}

/// Runs the command.
///
/// # Errors
/// [`CliError`].
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Profile(args) => profile::run(*args, output).await,
        Command::Signature(args) => signature::run(*args, output).await,
    }
}

/// A reason that AWS Signer takes.
fn reason(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=MAX_REASON => Ok(text.to_owned()),
        0 => Err("say why; the reason is kept with the revocation".to_owned()),
        length => Err(format!("{length} characters are too many, AWS Signer takes {MAX_REASON}")),
    }
}
