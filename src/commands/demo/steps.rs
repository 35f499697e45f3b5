//! The output of the demo's steps: with progress on a terminal, as plain lines otherwise.

use std::fmt::Display;
use std::io;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use notary::Disposition;
use notation::verify::{CheckOutcome, Verdict};

/// Prints numbered steps.
pub(super) struct Steps {
    total: usize,
    current: usize,
    name: &'static str,
    meaning: &'static str,
    spinner: Option<ProgressBar>,
    colours: bool,
    quiet: bool,
}

impl Steps {
    pub(super) fn new(total: usize, quiet: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Self { total, current: 0, name: "", meaning: "", spinner: None, colours, quiet }
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
            let (colour, word) = match &check.outcome {
                CheckOutcome::Passed(_) => ("32", "ok"),
                CheckOutcome::Failed(reason) if reason.disposition() != Disposition::Refused => ("33", "unknown"),
                CheckOutcome::Failed(_) => ("31", "failed"),
                CheckOutcome::Warning(_) => ("33", "warning"),
                CheckOutcome::Skipped(_) => ("33", "skipped"),
            };
            let mark = self.coloured(colour, &format!("{word:7}"));
            self.write(format_args!("      {mark}  {:<18}  {}", check.check, check.outcome))?;
        }
        self.write(format_args!("      The image is {}.\n", self.coloured("1", verdict_text)))
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
        self.write(format_args!("{}\n      {}", self.coloured("1", &self.heading()), self.meaning))
    }

    /// Writes a line. A broken pipe is no error: a reader such as `head` has closed it.
    fn write(&self, line: impl Display) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        match writeln!(io::stdout(), "{line}") {
            Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(why),
            _ => Ok(()),
        }
    }

    fn heading(&self) -> String {
        format!("[{}/{}] {}", self.current, self.total, self.name)
    }

    fn coloured(&self, code: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
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
