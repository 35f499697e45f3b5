//! `notation-aws-signer completions`: what a shell needs to complete the commands and options.

use std::io;
use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::commands::Cli;
use crate::output::exit::{CliError, ExitStatus};

/// The name that is completed.
const NAME: &str = "notation-aws-signer";

/// Print the completions for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Completions in bash, from the next login on:
    notation-aws-signer completions bash \\
      > ~/.local/share/bash-completion/completions/notation-aws-signer

  In zsh, for a folder that is in $fpath:
    notation-aws-signer completions zsh > ~/.zfunc/_notation-aws-signer

  In fish:
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
/// When standard output cannot be written to.
pub fn run(args: &Args) -> Result<ExitStatus, CliError> {
    match io::stdout().write_all(&script(args.shell)) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(CliError::usage(format!("standard output: {why}"))),
        _ => Ok(ExitStatus::Done),
    }
}

/// Every shell that there are completions for.
#[cfg(test)]
pub(super) const SHELLS: &[Shell] = &[Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh];

/// The completions for a shell.
pub(super) fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    if shell == Shell::Bash {
        // clap_complete 4.6 sets a name for each command in one place and compares it in another, where it writes the hyphens of
        // the program's name in another way: nothing behind the first word would be completed.
        let (set, compared) = (NAME.replace('-', "__"), NAME.replace('-', "__subcmd__"));
        script = String::from_utf8_lossy(&script).replace(&compared, &set).into_bytes();
    }
    script
}
