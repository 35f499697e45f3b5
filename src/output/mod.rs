//! Output of the commands: results as text or JSON on standard output; progress, notes and errors on standard error.

pub mod advice;
pub mod artifacts;
mod codes;
pub mod confirm;
pub mod exit;
pub mod failure;
pub mod file;
pub mod outcome;
pub mod terminal;
pub mod tree;
pub mod unwritable;
pub mod vocabulary;

use std::fmt::Display;
use std::io;
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::{ArgAction, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use notary::ReasonCode;
use notary::text::{is_unprintable, printable};
use rustix::termios::tcgetwinsize;
use serde::Serialize;

use crate::output::exit::CliError;
use crate::output::failure::CommandFailure;
use crate::output::terminal::cleaned;

/// The version of the JSON schemas. It changes when a member is removed or changes its meaning, not when members are
/// added.
pub const SCHEMA_VERSION: u32 = 1;

/// The output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people; may change in any release
    #[default]
    Text,
    /// One JSON object, with a stable schema
    Json,
}

/// The output options of all commands.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Output {
    /// The format of the results on standard output
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

    /// Print errors only. With --output json, the results are still printed
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = "Output")]
    quiet: bool,

    /// Log to standard error: steps with -v, every request with -vv
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

    /// Whether only errors are written.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
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

    /// Writes a line of the text output, unless JSON or `--quiet` is selected. Without a terminal, or with `NO_COLOR`,
    /// styles are removed. Escape sequences other than the styles are always removed.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written to.
    pub fn text(&self, text: impl Display) -> Result<(), CliError> {
        if self.is_json() || self.quiet {
            return Ok(());
        }
        if self.text_on_stderr {
            self.note(text);
            return Ok(());
        }
        written(writeln!(anstream::stdout(), "{}", cleaned(&text.to_string())))
    }

    /// A copy that writes text to standard error, for commands that write a file's content to standard output.
    #[must_use]
    pub fn with_text_on_stderr(&self) -> Self {
        Self { text_on_stderr: true, ..self.clone() }
    }

    /// Writes bytes to standard output unchanged.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written to.
    pub fn content(bytes: &[u8]) -> Result<(), CliError> {
        let mut stdout = io::stdout();
        written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
    }

    /// The width of standard output in columns, if it is a terminal.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        columns(&io::stdout())
    }

    /// Writes the results as JSON, if JSON is selected. Each command calls it once.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written to.
    pub fn json(&self, value: &impl Serialize) -> Result<(), CliError> {
        if !self.is_json() {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(value).map_err(|why| CliError::new(ReasonCode::Internal, why))?;
        written(writeln!(io::stdout(), "{}", escaped(&text)))
    }

    /// Writes the error of a command as JSON, whatever format is selected.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written to.
    pub fn json_failure(why: CliError) -> Result<(), CliError> {
        Self { format: Format::Json, ..Self::default() }.json(&CommandFailure::from(why))
    }

    /// Writes a note to standard error, unless `--quiet` is given.
    pub fn note(&self, text: impl Display) {
        if !self.quiet {
            // A closed standard error does not stop the command.
            let _ = writeln!(anstream::stderr(), "{}", cleaned(&text.to_string()));
        }
    }

    /// Writes an indented note to standard error, wrapped at a terminal.
    pub fn indented_note(&self, text: &str, indent: usize) {
        self.note(format_args!("{:indent$}{}", "", wrapped(text, indent + 2, columns(&io::stderr()))));
    }

    /// Writes an error and what to do about it to standard error.
    pub fn error(&self, error: &CliError) {
        self.failure(&error.message, error.advice.as_deref());
    }

    /// Writes what went wrong and what to do about it to standard error.
    pub fn failure(&self, message: impl Display, advice: Option<&str>) {
        let mut stderr = anstream::stderr();
        let columns = columns(&io::stderr());
        // The first line begins after the heading.
        let message = wrapped(&cleaned(&message.to_string()), 2, columns.map(|columns| columns.saturating_sub(5)));
        let _ = writeln!(stderr, "{} {message}", paint(BAD, "error:"));
        if let Some(advice) = advice {
            let _ = writeln!(stderr, "  {} {}", paint(WARN, "->"), wrapped(&cleaned(advice), 5, columns));
        }
    }

    /// A progress bar for `total` items, shown if standard error is a terminal.
    #[must_use]
    pub fn progress(&self, total: usize, what: &'static str) -> ProgressBar {
        self.bar(total > 1, Some(total as u64), "{spinner} {msg} {pos}/{len} [{bar:30}] {elapsed}").with_message(what)
    }

    /// A progress display for an unknown number of bytes, shown if standard error is a terminal.
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

/// The width in columns, if it is a terminal.
fn columns(stream: &(impl IsTerminal + AsFd)) -> Option<usize> {
    let size = if stream.is_terminal() { tcgetwinsize(stream).ok() } else { None };
    size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Success.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Failure.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Warning.
pub const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// Less important text.
pub const DIM: Style = Style::new().dimmed();

/// Returns the text in a style.
pub fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Wraps the text between words to `columns`, with all lines after the first indented. Longer words stay whole, so that
/// digests and ARNs can be copied.
#[must_use]
pub fn wrapped(text: &str, indent: usize, columns: Option<usize>) -> String {
    let Some(width) = columns.and_then(|columns| columns.checked_sub(indent)).filter(|width| *width >= 20) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len());
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
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

/// Writes a line with a name, padded to `width` columns, and its value.
///
/// # Errors
/// Returns [`CliError`] if standard output cannot be written to.
pub fn show_fact(name: &str, width: usize, value: impl Display, output: &Output) -> Result<(), CliError> {
    output.text(format!("  {} {}", paint(DIM, format!("{name:width$}")), printable(&value.to_string())))
}

/// Writes the line that says what to do, indented.
///
/// # Errors
/// Returns [`CliError`] if standard output cannot be written to.
pub fn show_advice(advice: &str, indent: usize, output: &Output) -> Result<(), CliError> {
    let advice = wrapped(advice, indent + 3, output.columns());
    output.text(format!("{:indent$}{} {advice}", "", paint(WARN, "->")))
}

/// The same JSON with unprintable characters escaped: values come from registries and signatures, and must not control
/// the terminal.
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

/// A broken pipe is not an error: a reader such as `head` has closed it.
fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => Err(CliError::file(format!("standard output: {why}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, wrapped};

    #[test]
    fn escapes_control_characters_in_json() {
        let value = serde_json::json!({ "a": "\u{9b}2J \u{202e}\n\u{e0041} ü" });
        let text = escaped(&serde_json::to_string_pretty(&value).unwrap_or_default());
        assert!(text.contains("\\u009b2J \\u202e\\n\\udb40\\udc41 ü"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).ok(), Some(value));
    }

    #[test]
    fn wraps_between_words() {
        let text = "the chain ends in arn:aws:signer:us-west-2 which is long";
        assert_eq!(wrapped(text, 4, None), text);
        assert_eq!(wrapped(text, 4, Some(26)), "the chain ends in\n    arn:aws:signer:us-west-2\n    which is long");
        assert_eq!(wrapped(text, 30, Some(40)), text);
    }
}
