//! What commands write: text for people or JSON for programs on standard output; progress, notes and errors on standard error.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::{ArgAction, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::exit::CliError;

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
}

impl Output {
    /// Whether results are written as JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
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
        written(writeln!(anstream::stdout(), "{text}"))
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
        written(writeln!(io::stdout(), "{text}"))
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

/// A reader that went away, such as `head`, has what it wanted.
fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => Err(CliError::usage(format!("standard output: {why}"))),
        _ => Ok(()),
    }
}
