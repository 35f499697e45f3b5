//! `notation-aws-signer man`: writes the man pages, one for each command.

use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::arguments::help::AfterHelp;
use crate::commands::Cli;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Write the man pages.
///
/// Writes the page of notation-aws-signer itself to standard output, or the pages of all commands to a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Read the main page:
    notation-aws-signer man | man -l -

  Install all pages, such as `man notation-aws-signer-sign`:
    notation-aws-signer man --dir ~/.local/share/man/man1")]
pub struct Args {
    /// Write all pages to this folder; it is created if it does not exist
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if a page cannot be written.
pub fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    if let Some(folder) = &args.dir {
        for page in write_all(folder)? {
            output.text(page.display())?;
        }
        return Ok(ExitStatus::DONE);
    }
    let page = page(Cli::command()).map_err(|why| CliError::file(format!("the man page: {why}")))?;
    match io::stdout().write_all(&page) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(CliError::file(format!("standard output: {why}"))),
        _ => Ok(ExitStatus::DONE),
    }
}

/// Writes the pages of all commands, and returns the files.
pub(super) fn write_all(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    files::create_folders(folder, 0o777).map_err(|why| CliError::file(format!("{}: {why}", folder.display())))?;
    let mut command = Cli::command().disable_help_subcommand(true);
    // Adds the global options to the subcommands.
    command.build();
    let mut written = Vec::new();
    write(folder, command.get_name().to_owned(), &command, &mut written)?;
    Ok(written)
}

fn write(folder: &Path, name: String, command: &Command, written: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let path = folder.join(format!("{name}.1"));
    let error = |why: io::Error| CliError::file(format!("{}: {why}", path.display()));
    files::replace(&path, &page(command.clone()).map_err(error)?, 0o644).map_err(error)?;
    written.push(path);
    command.get_subcommands().try_for_each(|part| write(folder, format!("{name}-{}", part.get_name()), part, written))
}

/// The page of a command, with its sections in the order of man-pages(7).
fn page(command: Command) -> io::Result<Vec<u8>> {
    let after = AfterHelp::from_command(&command);
    let with_version = command.get_version().is_some();
    let has_parts = command.has_subcommands();
    let page = &mut Vec::new();
    let man = Man::new(command);
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if has_parts {
        man.render_subcommands_section(page)?;
    }
    if let Some(after) = after {
        if let Some(codes) = &after.exit_codes {
            exit_status(codes, page)?;
        }
        examples(&after.examples, page)?;
    }
    if with_version {
        man.render_version_section(page)?;
    }
    Ok(std::mem::take(page))
}

/// Writes exit codes such as `0 done; 2 an option is wrong.` as a list.
fn exit_status(codes: &str, page: &mut Vec<u8>) -> io::Result<()> {
    writeln!(page, ".SH \"EXIT STATUS\"")?;
    let mut of_code = false;
    for part in codes.split("; ") {
        match part.split_once(' ').filter(|(code, _)| code.parse::<u8>().is_ok()) {
            Some((code, meaning)) => write!(page, "{}.TP\n\\fB{code}\\fR\n{}", line_end(of_code), escaped(meaning))?,
            None => write!(page, "; {}", escaped(part))?,
        }
        of_code = true;
    }
    writeln!(page)
}

fn line_end(wanted: bool) -> &'static str {
    if wanted { "\n" } else { "" }
}

/// Writes the lines after `Examples:`, with the commands unfilled.
fn examples(text: &str, page: &mut Vec<u8>) -> io::Result<()> {
    writeln!(page, ".SH EXAMPLES")?;
    let mut in_command = false;
    for line in text.lines().skip(1) {
        let of_command = line.starts_with("    ");
        match (in_command, of_command) {
            (false, true) => writeln!(page, ".RS 4\n.nf")?,
            (true, false) => writeln!(page, ".fi\n.RE")?,
            _ => {}
        }
        in_command = of_command;
        match (of_command, line.trim()) {
            (_, "") => writeln!(page, ".PP")?,
            (true, _) => writeln!(page, "{}", escaped(line.strip_prefix("    ").unwrap_or(line)))?,
            (false, caption) => writeln!(page, "{}", escaped(caption))?,
        }
    }
    if in_command {
        writeln!(page, ".fi\n.RE")?;
    }
    Ok(())
}

/// Escapes a line so that roff shows it unchanged: commands can then be pasted into a shell.
fn escaped(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    if line.starts_with(['.', '\'']) {
        out.push_str("\\&");
    }
    for c in line.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '~' => out.push_str("\\(ti"),
            '^' => out.push_str("\\(ha"),
            other => out.push(other),
        }
    }
    out
}
