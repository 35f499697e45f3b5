//! Asks for confirmation before an irreversible action.

use std::io;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use super::exit::CliError;
use super::terminal::cleaned;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 100;

/// Returns if `yes` is set, or if the user at the terminal answers `y` or `yes` to the question whether to `act`.
///
/// # Errors
/// Returns [`CliError`] if the user does not confirm, or if there is no terminal to ask at. The caller must then do
/// nothing.
pub fn confirm(yes: bool, act: &str) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    let mut terminal = io::stderr();
    if !io::stdin().is_terminal() || !terminal.is_terminal() {
        let why = CliError::configuration("nothing was done: there is no terminal to ask for confirmation");
        return Err(why.with_advice(format!("Pass --yes to {act}.")));
    }
    let _ = write!(terminal, "Do you want to {}? [y/N] ", cleaned(act));
    let _ = terminal.flush();
    let mut answer = String::new();
    io::stdin()
        .lock()
        .take(MAX_ANSWER)
        .read_line(&mut answer)
        .map_err(|why| CliError::configuration(format!("nothing was done: standard input: {why}")))?;
    if is_yes(&answer) { Ok(()) } else { Err(CliError::configuration("nothing was done: the answer was not yes")) }
}

/// Whether an answer is `y` or `yes`, in upper or lower case. An empty one is not.
fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_y_and_yes_confirm() {
        assert!(["y", "Y\n", "yes\r\n", " YES "].into_iter().all(is_yes));
        assert!(!["", "\n", "n", "no", "yy", "yes please", "j"].into_iter().any(is_yes));
    }
}
