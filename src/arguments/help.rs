//! The help of commands: examples that can be pasted, whatever the width of the terminal.

use clap::{Command, CommandFactory as _};

use crate::commands::Cli;

/// Between the examples of a command and its exit codes in `after_help`.
const EXIT_CODES: &str = "\n\nExit codes: ";

/// What stands below the options in the help of a command.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AfterHelp {
    /// Lines from `Examples:` on. Lines of a command are indented by four columns or more.
    pub examples: String,
    /// `0 done; 2 an option is not right.`
    pub exit_codes: Option<String>,
}

impl AfterHelp {
    pub fn of(command: &Command) -> Option<Self> {
        let text = command.get_after_help()?.to_string();
        Some(match text.split_once(EXIT_CODES) {
            Some((examples, codes)) => Self { examples: examples.to_owned(), exit_codes: Some(codes.to_owned()) },
            None => Self { examples: text, exit_codes: None },
        })
    }
}

/// The command line, with its help laid out.
#[must_use]
pub fn command() -> Command {
    laid_out(Cli::command())
}

/// Moves the examples into the template of the help, whose text clap does not wrap: a line of a command that is broken without a
/// backslash cannot be pasted.
fn laid_out(command: Command) -> Command {
    let command = match AfterHelp::of(&command) {
        Some(AfterHelp { examples, exit_codes }) => command
            .help_template(format!(
                "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{{all-args}}\n\n{examples}{{after-help}}"
            ))
            .after_help(exit_codes.map_or_else(String::new, |codes| format!("Exit codes: {codes}"))),
        None => command,
    };
    command.mut_subcommands(laid_out)
}
