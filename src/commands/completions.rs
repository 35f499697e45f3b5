//! `notation-aws-signer completions`: prints a shell completion script.

use std::io;
use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::commands::Cli;
use crate::output::exit::{CliError, ExitStatus};

const NAME: &str = "notation-aws-signer";

/// Print the completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Install for bash, from the next login on:
    notation-aws-signer completions bash \\
      > ~/.local/share/bash-completion/completions/notation-aws-signer

  Install for zsh, into a folder of $fpath:
    notation-aws-signer completions zsh > ~/.zfunc/_notation-aws-signer

  Install for fish:
    notation-aws-signer completions fish \\
      > ~/.config/fish/completions/notation-aws-signer.fish")]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if standard output cannot be written to.
pub fn run(args: &Args) -> Result<ExitStatus, CliError> {
    match io::stdout().write_all(&script(args.shell)) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(CliError::file(format!("standard output: {why}"))),
        _ => Ok(ExitStatus::DONE),
    }
}

/// The supported shells.
#[cfg(test)]
pub(super) const SHELLS: &[Shell] = &[Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh];

/// The completion script for a shell.
pub(super) fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    if shell == Shell::Bash {
        // clap_complete 4.6 spells the hyphens of the program's name differently where it sets and where it compares a
        // command's name: nothing after the first word would be completed.
        let set = NAME.replace('-', "__");
        let compared = NAME.replace('-', "__subcmd__");
        script = String::from_utf8_lossy(&script).replace(&compared, &set).into_bytes();
    }
    script
}
