//! `notation-aws-signer man`: the manual, a page a command.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::Cli;
use super::exit::{CliError, ExitStatus};
use super::output::Output;
use crate::files;

/// Write the manual: the first page to standard output, or all pages to a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Read the first page:
    notation-aws-signer man | man -l -

  Install all pages, for `man notation-aws-signer-sign` and the others:
    notation-aws-signer man --dir ~/.local/share/man/man1")]
pub struct Args {
    /// Write all pages into this folder, which is made if it does not exist
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When a page cannot be written.
pub fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    if let Some(folder) = &args.dir {
        for page in write_all(folder)? {
            output.text(page.display())?;
        }
        return Ok(ExitStatus::Done);
    }
    let page = page(Cli::command()).map_err(|why| CliError::usage(format!("the manual: {why}")))?;
    match io::stdout().write_all(&page) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(CliError::usage(format!("standard output: {why}"))),
        _ => Ok(ExitStatus::Done),
    }
}

/// Writes the pages of all commands; gives their files.
pub(super) fn write_all(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    std::fs::create_dir_all(folder).map_err(|why| CliError::usage(format!("{}: {why}", folder.display())))?;
    let mut command = Cli::command().disable_help_subcommand(true);
    // Gives the parts of a command its options that hold for all.
    command.build();
    let mut written = Vec::new();
    write(folder, command.get_name().to_owned(), &command, &mut written)?;
    Ok(written)
}

fn write(folder: &Path, name: String, command: &Command, written: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let path = folder.join(format!("{name}.1"));
    let error = |why: io::Error| CliError::usage(format!("{}: {why}", path.display()));
    files::replace(&path, &page(command.clone()).map_err(error)?, 0o644).map_err(error)?;
    written.push(path);
    command.get_subcommands().try_for_each(|part| write(folder, format!("{name}-{}", part.get_name()), part, written))
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}
