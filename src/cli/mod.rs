//! The command line tool: one file a command.

pub mod demo;
pub mod local_signer;

use clap::{Parser, Subcommand};

/// AWS Signer for container images, on this machine: a local service that is compatible with it, and a demonstration.
#[derive(Debug, Parser)]
#[command(name = "notation-aws-signer", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    LocalSigner(local_signer::Args),
}

/// Why a command failed. The text is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// `demo` did not go as told.
    #[error(transparent)]
    Demo(#[from] demo::Error),
    /// `local-signer` failed.
    #[error(transparent)]
    LocalSigner(#[from] local_signer::Error),
}

/// Runs the command that was given.
///
/// # Errors
/// The command's error.
pub async fn run(cli: Cli) -> Result<(), CliError> {
    match cli.command {
        Command::Demo(args) => Ok(demo::run(args).await?),
        Command::LocalSigner(args) => Ok(local_signer::run(args).await?),
    }
}
