//! Layout of the help texts: examples are not wrapped, so that they can be pasted at any terminal width.

use clap::Command;

/// Between the examples of a command and its exit codes in `after_help`.
const EXIT_CODES: &str = "\n\nExit codes: ";

/// The help text after the options of a command.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AfterHelp {
    /// The lines from `Examples:` on. Commands are indented by four columns or more.
    pub examples: String,
    /// For example `0 done; 2 an option is wrong.`
    pub exit_codes: Option<String>,
}

impl AfterHelp {
    /// The help text of a command, if it has one.
    #[must_use]
    pub fn from_command(command: &Command) -> Option<Self> {
        let text = command.get_after_help()?.to_string();
        Some(match text.split_once(EXIT_CODES) {
            Some((examples, codes)) => Self { examples: examples.to_owned(), exit_codes: Some(codes.to_owned()) },
            None => Self { examples: text, exit_codes: None },
        })
    }
}

/// Moves the examples into the help template, which clap does not wrap: a wrapped command line could not be pasted.
#[must_use]
pub fn laid_out(command: Command) -> Command {
    let command = match AfterHelp::from_command(&command) {
        Some(AfterHelp { examples, exit_codes }) => command
            .help_template(format!(
                "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{{all-args}}\n\n{examples}{{after-help}}"
            ))
            .after_help(exit_codes.map_or_else(String::new, |codes| format!("Exit codes: {codes}"))),
        None => command,
    };
    command.mut_subcommands(laid_out)
}
