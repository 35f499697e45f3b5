//! `notation-aws-signer revoke`: revokes signatures and signing profiles.

mod profile;
mod revocable;
mod signature;

use aws_signer::MAX_REASON;
use clap::Subcommand;

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Revoke signatures of AWS Signer; this cannot be undone.
///
/// Verification checks with AWS Signer whether a signature was revoked. Revoked signatures are refused from then on,
/// including all copies of them.
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
/// Returns the subcommand's error.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    match args.command {
        Command::Profile(args) => profile::run(*args, output).await,
        Command::Signature(args) => signature::run(*args, output).await,
    }
}

/// Parses a reason that AWS Signer accepts.
fn reason(text: &str) -> Result<String, String> {
    match text.chars().count() {
        1..=MAX_REASON => Ok(text.to_owned()),
        0 => Err("the reason is empty: say why; AWS Signer stores it with the revocation".to_owned()),
        length => Err(format!("the reason has {length} characters; AWS Signer accepts at most {MAX_REASON}")),
    }
}
