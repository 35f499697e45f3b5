//! The output of the demo's steps: with progress on a terminal, as plain lines otherwise.

use std::fmt::Display;
use std::io;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use notation::verify::Verdict;

use crate::output::paint;
use crate::output::terminal::cleaned;
use crate::verification::CheckReport;

const BOLD: anstyle::Style = anstyle::Style::new().bold();

/// Prints numbered steps.
pub(super) struct Steps {
    total: usize,
    current: usize,
    name: &'static str,
    meaning: &'static str,
    spinner: Option<ProgressBar>,
    quiet: bool,
}

impl Steps {
    pub(super) fn new(total: usize, quiet: bool) -> Self {
        Self { total, current: 0, name: "", meaning: "", spinner: None, quiet }
    }

    /// Prints text before the first or after the last step.
    pub(super) fn title(&self, text: &str) -> io::Result<()> {
        self.write(format_args!("{text}\n"))
    }

    /// Starts a step, with a spinner on a terminal.
    pub(super) fn start(&mut self, name: &'static str, meaning: &'static str) -> io::Result<()> {
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
        self.print_heading()
    }

    /// Ends a step and prints its results.
    pub(super) fn done(&mut self, results: &[(&str, String)]) -> io::Result<()> {
        self.finish()?;
        let width = results.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in results {
            self.write(format_args!("      {name:width$}  {value}"))?;
        }
        self.write("")
    }

    /// Ends a step of verification and prints the verdict with the outcome of every check.
    pub(super) fn done_with_checks(&mut self, verdict_text: &str, verdict: &Verdict) -> io::Result<()> {
        self.finish()?;
        for check in verdict.signatures.iter().flat_map(|signature| &signature.checks) {
            let check = CheckReport::new(check);
            let word = check.result.outcome.word(7);
            self.write(format_args!("      {word} {:19} {}", check.name, check.result.explanation.message()))?;
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
        self.write(format_args!("{}\n      {}", paint(BOLD, self.heading()), self.meaning))
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
