//! What commands write: text for people or JSON for programs on standard output; progress, notes and errors on standard error.

pub mod confirm;
pub mod exit;
pub mod file;
pub mod report;
pub mod tree;

use std::fmt::Display;
use std::io;
use std::io::{ErrorKind, IsTerminal as _, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::{ArgAction, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use notary::text::is_unprintable;
use rustix::termios::tcgetwinsize;
use serde::Serialize;

use crate::output::exit::CliError;

/// The version of the shapes of JSON. It changes when a member changes its meaning or goes; new members may come at any time.
pub const SCHEMA_VERSION: u32 = 1;

/// The form of a command's results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people; it may change with every version.
    #[default]
    Text,
    /// One JSON object, as docs/output has it.
    Json,
}

/// How much is written, and in which form: the same for every command.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Output {
    /// The form of the results on standard output
    #[arg(
        long = "output",
        short = 'o',
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Output"
    )]
    format: Format,

    /// Write no text but errors; with --output json the results are written nevertheless
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = "Output")]
    quiet: bool,

    /// Write more: -v says what is done, -vv every request's outcome
    #[arg(long, short, global = true, action = ArgAction::Count, help_heading = "Output")]
    verbose: u8,

    #[arg(skip)]
    text_on_stderr: bool,
}

impl Output {
    /// Whether results are written as JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether no text but errors is wanted.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether more than the results is wanted.
    #[must_use]
    pub fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// The level of the log on standard error that `--verbose` asks for.
    #[must_use]
    pub fn log_level(&self) -> Option<tracing::Level> {
        match self.verbose {
            0 => None,
            1 => Some(tracing::Level::INFO),
            _ => Some(tracing::Level::DEBUG),
        }
    }

    /// Writes a result for people, with a line end. JSON and `--quiet` leave it out. Styles are left out where standard output is no
    /// terminal or `NO_COLOR` is set.
    ///
    /// # Errors
    /// When standard output cannot be written to.
    pub fn text(&self, text: impl Display) -> Result<(), CliError> {
        if self.is_json() || self.quiet {
            return Ok(());
        }
        if self.text_on_stderr {
            self.note(text);
            return Ok(());
        }
        written(writeln!(anstream::stdout(), "{text}"))
    }

    /// The same with the text for people on standard error: standard output has the content of a file.
    #[must_use]
    pub fn with_text_on_stderr(&self) -> Self {
        Self { text_on_stderr: true, ..self.clone() }
    }

    /// Writes the content of a file to standard output, as it is.
    ///
    /// # Errors
    /// When standard output cannot be written to.
    pub fn content(bytes: &[u8]) -> Result<(), CliError> {
        let mut stdout = io::stdout();
        written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
    }

    /// How many columns a line on standard output has, where that is a terminal.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        let stdout = io::stdout();
        let size = if stdout.is_terminal() { tcgetwinsize(stdout).ok() } else { None };
        size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
    }

    /// Writes the result for programs, where JSON is asked for. Each command calls it once.
    ///
    /// # Errors
    /// When standard output cannot be written to.
    pub fn json(&self, value: &impl Serialize) -> Result<(), CliError> {
        if !self.is_json() {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(value).map_err(CliError::usage)?;
        written(writeln!(io::stdout(), "{}", escaped(&text)))
    }

    /// Writes a remark beside the results to standard error, unless `--quiet` is given.
    pub fn note(&self, text: impl Display) {
        if !self.quiet {
            // Nobody may be there to read it, which is no reason to stop.
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// Writes an error to standard error.
    pub fn error(&self, error: impl Display) {
        let _ = writeln!(anstream::stderr(), "{} {error}", paint(BAD, "error:"));
    }

    /// The progress of a work of so many parts, shown on standard error while it lasts if that is a terminal.
    #[must_use]
    pub fn progress(&self, total: usize, what: &'static str) -> ProgressBar {
        self.bar(total > 1, Some(total as u64), "{spinner} {msg} {pos}/{len} [{bar:30}] {elapsed}").with_message(what)
    }

    /// The progress of a work of an unknown number of bytes, shown as [`Self::progress`] is.
    #[must_use]
    pub fn bytes(&self, what: &'static str) -> ProgressBar {
        self.bar(true, None, "{spinner} {msg} {bytes} {bytes_per_sec} {elapsed}").with_message(what)
    }

    fn bar(&self, wanted: bool, total: Option<u64>, template: &str) -> ProgressBar {
        let shown = wanted && !self.quiet && !self.is_json() && io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(total, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if shown {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        bar
    }
}

/// What went well.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What did not.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What calls for attention.
pub const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();

/// The text in a style.
pub fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The words of a text in lines of so many columns, those after the first indented. A word that is longer stays whole, so that
/// digests and ARNs can be copied.
#[must_use]
pub fn wrapped(text: &str, indent: usize, columns: Option<usize>) -> String {
    let Some(room) = columns.and_then(|columns| columns.checked_sub(indent)).filter(|room| *room >= 20) else {
        return text.to_owned();
    };
    let (mut out, mut used) = (String::with_capacity(text.len()), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out
}

/// The same JSON, with what would steer a terminal as escape sequences: the values are exact, and may be from anyone.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_unprintable(c) {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// A reader that went away, such as `head`, has what it wanted.
fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => Err(CliError::usage(format!("standard output: {why}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, wrapped};

    #[test]
    fn json_keeps_its_values_and_has_nothing_that_steers_a_terminal() {
        let value = serde_json::json!({ "a": "\u{9b}2J \u{202e}\n\u{e0041} ü" });
        let text = escaped(&serde_json::to_string_pretty(&value).unwrap_or_default());
        assert!(text.contains("\\u009b2J \\u202e\\n\\udb40\\udc41 ü"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).ok(), Some(value));
    }

    #[test]
    fn long_text_is_wrapped_between_words_only() {
        let text = "the chain ends in arn:aws:signer:us-west-2 which is long";
        assert_eq!(wrapped(text, 4, None), text);
        assert_eq!(wrapped(text, 4, Some(26)), "the chain ends in\n    arn:aws:signer:us-west-2\n    which is long");
        assert_eq!(wrapped(text, 30, Some(40)), text);
    }
}
