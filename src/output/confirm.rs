//! Asking before what cannot be undone.

use std::io;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use super::exit::CliError;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 100;

/// Lets the command go on when `yes` was given, or when a person at the terminal answers `yes` to whether they want to `act`.
///
/// # Errors
/// When neither is so; nothing may be done then.
pub fn confirm(yes: bool, act: &str) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    let mut terminal = io::stderr();
    if !io::stdin().is_terminal() || !terminal.is_terminal() {
        let why = "nothing was done: without a terminal nobody can be asked. Give --yes";
        return Err(CliError::usage(format!("{why} to {act}")));
    }
    let _ = write!(terminal, "Do you want to {act}? Type yes to go on: ");
    let _ = terminal.flush();
    let mut answer = String::new();
    io::stdin()
        .lock()
        .take(MAX_ANSWER)
        .read_line(&mut answer)
        .map_err(|why| CliError::usage(format!("nothing was done: standard input: {why}")))?;
    if answer.trim() == "yes" { Ok(()) } else { Err(CliError::usage("nothing was done: the answer was not yes")) }
}
