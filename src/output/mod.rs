//! Output of the commands: results as text or JSON on standard output; progress, notes and errors on standard error.

pub mod advice;
pub mod artifacts;
mod codes;
pub mod confirm;
pub mod exit;
pub mod failure;
pub mod file;
pub mod outcome;
pub mod progress;
mod said;
pub mod short;
pub mod table;
pub mod terminal;
pub mod tree;
pub mod unwritable;
pub mod vocabulary;
pub mod wrap;

use std::fmt::Display;
use std::io;
use std::io::{ErrorKind, IsTerminal as _, Write};

use anstyle::{AnsiColor, Style};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Arg, ArgAction, ValueEnum};
use notary::ReasonCode;
use notary::text::{is_unprintable, printable};
use serde::Serialize;

use self::exit::CliError;
use self::failure::CommandFailure;
use self::progress::Shown;
use self::said::Said;
use self::terminal::cleaned;
pub use self::wrap::wrapped;
use self::wrap::{columns, fact, hanging, reflowed};

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
    /// SARIF 2.1.0
    #[value(hide = true)]
    Sarif,
    /// PolicyReport objects of Kubernetes
    #[value(hide = true)]
    Policyreport,
}

impl Format {
    /// The name of a format that only some commands write.
    fn special(self) -> Option<&'static str> {
        match self {
            Self::Text | Self::Json => None,
            Self::Sarif => Some("sarif"),
            Self::Policyreport => Some("policyreport"),
        }
    }
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

    /// Show details, such as each check of a signature, and log steps to standard error; with -vv also every request
    #[arg(long, short, global = true, action = ArgAction::Count, help_heading = "Output")]
    verbose: u8,

    #[arg(skip)]
    text_on_stderr: bool,

    /// The progress on the terminal. Clones share it.
    #[arg(skip)]
    shown: Shown,

    /// What does not need to be said again. Clones share it.
    #[arg(skip)]
    said: Said,
}

/// The option `--output` of a command that writes every format: the help and the errors of others list two.
#[must_use]
pub fn every_format() -> Option<Arg> {
    let options = <Output as clap::Args>::augment_args(clap::Command::new(""));
    let option = options.get_arguments().find(|option| option.get_long() == Some("output"))?.clone();
    let names = Format::value_variants().iter().filter_map(Format::to_possible_value).map(|name| name.hide(false));
    let parser = PossibleValuesParser::new(names).try_map(|name| Format::from_str(&name, false));
    Some(option.global(false).value_parser(parser))
}

impl Output {
    /// Whether results are written as JSON, or in another form for programs.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.format != Format::Text
    }

    /// The name of the format, if only some commands write it.
    #[must_use]
    pub fn special_format(&self) -> Option<&'static str> {
        self.format.special()
    }

    /// Writes a document, whatever format is selected.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written to.
    pub fn document(&self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value).map_err(|why| CliError::new(ReasonCode::Internal, why))?;
        written(self.shown.aside(|| writeln!(io::stdout(), "{}", escaped(&text))))
    }

    /// Whether only errors are written.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether details are written.
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
            self.error_line(text);
            return Ok(());
        }
        written(self.shown.aside(|| writeln!(anstream::stdout(), "{}", cleaned(&text.to_string()))))
    }

    /// Writes a sentence of the text output, wrapped at a terminal.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written to.
    pub fn sentence(&self, text: &str) -> Result<(), CliError> {
        self.text(hanging("", 2, text, self.columns()))
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

    /// The width in columns of the terminal that the text output goes to, if it is one.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        if self.text_on_stderr { columns(&io::stderr()) } else { columns(&io::stdout()) }
    }

    /// The width in columns of the terminal that errors go to, if it is one.
    #[must_use]
    pub fn error_columns() -> Option<usize> {
        columns(&io::stderr())
    }

    /// Writes the results as JSON, if JSON is selected. Each command calls it once.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written to.
    pub fn json(&self, value: &impl Serialize) -> Result<(), CliError> {
        if self.format == Format::Json { self.document(value) } else { Ok(()) }
    }

    /// Writes the error of a command as JSON, whatever format is selected.
    ///
    /// # Errors
    /// Returns [`CliError`] if standard output cannot be written to.
    pub fn json_failure(why: CliError) -> Result<(), CliError> {
        Self { format: Format::Json, ..Self::default() }.json(&CommandFailure::from(why))
    }

    /// Writes a note to standard error, wrapped at a terminal, unless `--quiet` is given.
    pub fn note(&self, text: impl Display) {
        self.indented_note(&text.to_string(), 0);
    }

    /// Writes an indented note to standard error, wrapped at a terminal, unless `--quiet` is given.
    pub fn indented_note(&self, text: &str, indent: usize) {
        if !self.quiet {
            self.error_line(hanging(&" ".repeat(indent), indent + 2, text, Self::error_columns()));
        }
    }

    /// Writes a warning to standard error, unless `--quiet` is given.
    pub fn warning(&self, text: impl Display) {
        if !self.quiet {
            let label = format!("{} ", paint(WARN, "warning:"));
            self.error_line(hanging(&label, 2, &text.to_string(), Self::error_columns()));
        }
    }

    /// Writes a warning and what to do about it to standard error, unless `--quiet` is given.
    pub fn warning_with_advice(&self, text: impl Display, advice: &str) {
        if !self.quiet {
            self.warning(text);
            self.error_advice(advice);
        }
    }

    /// Writes what is wrong with a command line to standard error, wrapped at a terminal. The text may have styles.
    pub fn usage(text: &str) {
        let _ = write!(anstream::stderr(), "{}", reflowed(text, Self::error_columns()));
    }

    /// Writes an error and what to do about it to standard error.
    pub fn error(&self, error: &CliError) {
        self.failure(&error.message, error.advice.as_deref());
    }

    /// Writes what went wrong and what to do about it to standard error.
    pub fn failure(&self, message: impl Display, advice: Option<&str>) {
        let label = format!("{} ", paint(BAD, "error:"));
        self.error_line(hanging(&label, 2, &message.to_string(), Self::error_columns()));
        if let Some(advice) = advice {
            self.error_advice(advice);
        }
    }

    /// Writes an error to standard error although the text output shows it, too: scripts often keep only standard
    /// error. On one terminal the error would be shown twice, so it is written once there.
    pub fn failure_beside_text(&self, message: impl Display, advice: Option<&str>) {
        let is_text = !self.is_json() && !self.quiet;
        let is_seen = self.text_on_stderr || (io::stdout().is_terminal() && io::stderr().is_terminal());
        match (is_text, is_seen) {
            (true, true) => {}
            (true, false) => self.failure(message, None),
            (false, _) => self.failure(message, advice),
        }
    }

    /// Writes what to do about an error to standard error, unless this was said before.
    pub fn error_advice(&self, advice: &str) {
        if self.said.is_new(advice) {
            self.error_line(arrow(advice, 2, Self::error_columns()));
        }
    }

    /// Writes a line of the log to standard error, wrapped at a terminal.
    pub fn log_line(&self, line: &str) {
        self.error_line(hanging("", 2, line, Self::error_columns()));
    }

    /// Writes a line to standard error, also with `--quiet`. A closed standard error does not stop the command.
    pub fn error_line(&self, line: impl Display) {
        let _ = self.shown.aside(|| writeln!(anstream::stderr(), "{}", cleaned(&line.to_string())));
    }
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

/// Writes a line with a name, padded to `width` columns, and its value.
///
/// # Errors
/// Returns [`CliError`] if standard output cannot be written to.
pub fn show_fact(name: &str, width: usize, value: impl Display, output: &Output) -> Result<(), CliError> {
    output.text(fact(2, name, width, &printable(&value.to_string()), output.columns()))
}

/// Writes the line that says what to do, indented, unless this was said before.
///
/// # Errors
/// Returns [`CliError`] if standard output cannot be written to.
pub fn show_advice(advice: &str, indent: usize, output: &Output) -> Result<(), CliError> {
    if output.is_json() || output.quiet || !output.said.is_new(advice) {
        return Ok(());
    }
    output.text(arrow(advice, indent, output.columns()))
}

/// Writes the line that says what to do, indented, also if this was said before.
///
/// # Errors
/// Returns [`CliError`] if standard output cannot be written to.
pub fn show_each_time(advice: &str, indent: usize, output: &Output) -> Result<(), CliError> {
    output.text(arrow(advice, indent, output.columns()))
}

/// The line that says what to do.
fn arrow(advice: &str, indent: usize, columns: Option<usize>) -> String {
    hanging(&format!("{:indent$}{} ", "", paint(WARN, "->")), indent + 3, advice, columns)
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
    use super::escaped;

    #[test]
    fn escapes_control_characters_in_json() {
        let value = serde_json::json!({ "a": "\u{9b}2J \u{202e}\n\u{e0041} ü" });
        let text = escaped(&serde_json::to_string_pretty(&value).unwrap_or_default());
        assert!(text.contains("\\u009b2J \\u202e\\n\\udb40\\udc41 ü"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).ok(), Some(value));
    }
}
