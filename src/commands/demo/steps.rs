//! The output of the demo's steps: with progress on a terminal, as plain lines otherwise.

use std::fmt::Display;
use std::io;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use notation::verify::Verdict;

use super::DemoError;
use crate::output::terminal::cleaned;
use crate::output::wrap::{fact, hanging};
use crate::output::{Output, paint};
use crate::verification::{CheckReport, check_line};

/// The columns before the text of a step.
const INDENT: usize = 6;
const BOLD: anstyle::Style = anstyle::Style::new().bold();

/// Prints numbered steps.
pub(super) struct Steps {
    total: usize,
    current: usize,
    name: &'static str,
    meaning: &'static str,
    spinner: Option<ProgressBar>,
    quiet: bool,
    columns: Option<usize>,
    stop: Arc<AtomicBool>,
}

impl Steps {
    /// Starts no further step once `stop` is set.
    pub(super) fn new(total: usize, stop: Arc<AtomicBool>, output: &Output) -> Self {
        let (quiet, columns) = (output.is_quiet(), output.columns());
        Self { total, current: 0, name: "", meaning: "", spinner: None, quiet, columns, stop }
    }

    /// Prints text before the first step.
    pub(super) fn title(&self, text: &str) -> io::Result<()> {
        self.write(format_args!("{}\n", hanging("", 0, text, self.columns)))
    }

    /// Prints text after the last step.
    pub(super) fn end(&self, text: &str) -> io::Result<()> {
        self.write(hanging("", 0, text, self.columns))
    }

    /// Prints a path or a command to copy: it is not wrapped.
    pub(super) fn command(&self, line: &str) -> io::Result<()> {
        self.write(format_args!("  {line}"))
    }

    /// Starts a step, with a spinner on a terminal.
    pub(super) fn start(&mut self, name: &'static str, meaning: &'static str) -> Result<(), DemoError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(DemoError::Interrupted);
        }
        self.current += 1;
        self.name = name;
        self.meaning = meaning;
        if io::stdout().is_terminal()
            && !self.quiet
            && let Ok(style) = ProgressStyle::with_template("{spinner} {msg}")
        {
            let spinner = ProgressBar::new_spinner().with_style(style).with_message(self.heading());
            spinner.enable_steady_tick(Duration::from_millis(80));
            self.spinner = Some(spinner);
            return Ok(());
        }
        Ok(self.print_heading()?)
    }

    /// Ends a step and prints its results.
    pub(super) fn done(&mut self, results: &[(&str, String)]) -> io::Result<()> {
        self.finish()?;
        let width = results.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in results {
            self.write(fact(INDENT, name, width + 1, value, self.columns))?;
        }
        self.write("")
    }

    /// Ends a step of verification and prints the verdict with the outcome of every check.
    pub(super) fn done_with_checks(&mut self, verdict_text: &str, verdict: &Verdict) -> io::Result<()> {
        self.finish()?;
        // The first step printed it.
        let above = verdict.artifact.digest.as_str();
        for check in verdict.signatures.iter().flat_map(|signature| &signature.checks) {
            self.write(check_line(&CheckReport::new(check), INDENT, above, self.columns))?;
        }
        self.write(format_args!("      The image is {}.\n", paint(BOLD, verdict_text)))
    }

    fn finish(&mut self) -> io::Result<()> {
        match self.spinner.take() {
            None => Ok(()),
            Some(spinner) => {
                spinner.finish_and_clear();
                self.print_heading()
            }
        }
    }

    fn print_heading(&self) -> io::Result<()> {
        let meaning = hanging(&" ".repeat(INDENT), INDENT, self.meaning, self.columns);
        self.write(format_args!("{}\n{meaning}", paint(BOLD, self.heading())))
    }

    /// Writes a line. A broken pipe is not an error: a reader such as `head` has closed it.
    fn write(&self, line: impl Display) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        match writeln!(anstream::stdout(), "{}", cleaned(&line.to_string())) {
            Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(why),
            _ => Ok(()),
        }
    }

    fn heading(&self) -> String {
        format!("[{}/{}] {}", self.current, self.total, self.name)
    }
}

impl Drop for Steps {
    /// Leaves the heading of a failed step above the error.
    fn drop(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
            let _ = self.print_heading();
        }
    }
}

/// The failed checks of an artifact's signatures, as text.
pub(super) fn reasons(verdict: &Verdict) -> String {
    let failures = verdict.signatures.iter().flat_map(|s| &s.checks).filter_map(|c| {
        let reason = c.outcome.reason()?;
        Some(format!("{}: {reason}", c.check))
    });
    let failures: Vec<String> = failures.collect();
    match (failures.is_empty(), verdict.signatures.is_empty()) {
        (false, _) => failures.join("; "),
        (true, true) => "it has no signatures".to_owned(),
        (true, false) => "all checks of its signatures passed".to_owned(),
    }
}
