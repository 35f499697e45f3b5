//! The command line tool: one file a command.

pub mod admission;
pub mod attach;
pub mod blob;
pub mod completions;
pub mod copy;
pub mod demo;
pub mod inspect;
pub mod job;
pub mod list;
pub mod local_signer;
pub mod man;
pub mod platform;
pub mod policy;
pub mod profile;
pub mod revoke;
pub mod setup;
pub mod sign;
pub mod tag;
pub mod timestamp;
pub mod trust;
pub mod verify;
pub mod version;

use std::ffi::OsString;

use clap::{Args as _, Parser, Subcommand};

use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::CommandFailure;

/// The name of the program.
const NAME: &str = "notation-aws-signer";

/// Sign and verify container images and other artifacts with AWS Signer.
///
/// Artifacts are in registries or in OCI image layouts (folders with the content of a repository). Signatures are
/// Notary Project signatures: notation reads the signatures of this tool, and this tool reads notation's.
#[derive(Debug, Parser)]
#[command(name = NAME, version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sign(Box<sign::Args>),
    Verify(Box<verify::Args>),
    Admission(admission::Args),
    Attach(attach::Args),
    Blob(blob::Args),
    Copy(Box<copy::Args>),
    Completions(completions::Args),
    Demo(demo::Args),
    Inspect(inspect::Args),
    Job(job::Args),
    #[command(visible_alias = "ls")]
    List(list::Args),
    LocalSigner(local_signer::Args),
    Man(man::Args),
    Platform(platform::Args),
    Policy(policy::Args),
    Profile(profile::Args),
    Revoke(Box<revoke::Args>),
    Setup(Box<setup::Args>),
    Tag(tag::Args),
    Timestamp(Box<timestamp::Args>),
    Trust(trust::Args),
    Version(version::Args),
}

impl Cli {
    /// The definition of the command line with only the command that the arguments begin with, if that is one that runs
    /// for each image of a pipeline. The definitions of all commands have hundreds of options: to build them takes
    /// longer than to check a signature.
    ///
    /// It accepts the same arguments as the whole definition, with the same result. Errors and help have to come from
    /// the whole one, which knows the other commands.
    #[must_use]
    pub fn command_of(arguments: &[OsString]) -> Option<clap::Command> {
        let command = match arguments.get(1)?.to_str()? {
            "sign" => sign::Args::augment_args(clap::Command::new("sign")),
            "verify" => verify::Args::augment_args(clap::Command::new("verify")),
            _ => return None,
        };
        Some(Output::augment_args(clap::Command::new(NAME)).subcommand(command))
    }

    /// Whether the command spends its time waiting for registries and AWS Signer, and runs no server itself.
    #[must_use]
    pub fn mostly_waits(&self) -> bool {
        matches!(self.command, Command::Verify(_))
    }
}

/// Writes lines of the log, each wrapped at a terminal.
fn log_lines(output: &Output) -> impl Fn(&str) + Clone + Send + Sync + use<> {
    let output = output.clone();
    move |line: &str| output.log_line(line)
}

/// Runs the command, and writes its error if it fails.
pub async fn run(cli: Cli) -> ExitStatus {
    let output = cli.output;
    if !cli.command.serves()
        && let Err(why) = logging::init_for_terminal(output.log_level(), log_lines(&output))
    {
        output.warning(why);
    }
    let without_json = cli.command.without_json();
    if let Some(format) = output.special_format().filter(|_| !cli.command.has_special_formats()) {
        let why = CliError::configuration(format!("only admission scan supports --output {format}"));
        return failed(
            &output,
            why.with_advice(match without_json {
                Some(_) => format!("Remove --output {format}."),
                None => "Use --output text or --output json.".to_owned(),
            }),
        );
    }
    if let Some(name) = without_json.filter(|_| output.is_json()) {
        let why = CliError::configuration(format!("{name} does not support JSON output"));
        return failed(&output, why.with_advice("Remove --output json."));
    }
    let ended = match cli.command {
        Command::Sign(args) => sign::run(*args, &output).await,
        Command::Verify(args) => verify::run(*args, &output).await,
        Command::Admission(args) => admission::run(args, &output).await,
        Command::Attach(args) => attach::run(args, &output).await,
        Command::Blob(args) => blob::run(args, &output).await,
        Command::Copy(args) => copy::run(*args, &output).await,
        Command::Completions(args) => completions::run(&args),
        Command::Demo(args) => demo::run(args, &output).await.map(|()| ExitStatus::DONE).map_err(CliError::from),
        Command::Inspect(args) => inspect::run(args, &output).await,
        Command::Job(args) => job::run(args, &output).await,
        Command::List(args) => list::run(args, &output).await,
        Command::LocalSigner(args) => local_signer::run(args, &output).await,
        Command::Man(args) => man::run(&args, &output),
        Command::Platform(args) => platform::run(args, &output).await,
        Command::Policy(args) => policy::run(args, &output),
        Command::Profile(args) => profile::run(args, &output).await,
        Command::Revoke(args) => revoke::run(*args, &output).await,
        Command::Setup(args) => setup::run(*args, &output).await,
        Command::Tag(args) => tag::run(args, &output).await,
        Command::Timestamp(args) => timestamp::run(*args, &output).await,
        Command::Trust(args) => trust::run(args, &output),
        Command::Version(_) => version::run(&output),
    };
    ended.unwrap_or_else(|why| failed(&output, why))
}

/// Ends a command that failed as a whole.
fn failed(output: &Output, why: CliError) -> ExitStatus {
    output.error(&why);
    let status = why.status();
    // The error is on standard error already: a failure to write to standard output adds nothing.
    let _ = output.json(&CommandFailure::from(why));
    status
}

impl Command {
    /// Whether the command runs a service, which has a log of its own.
    fn serves(&self) -> bool {
        match self {
            Self::Admission(args) => args.serves(),
            Self::LocalSigner(args) => args.serves(),
            _ => false,
        }
    }

    /// Whether the command writes more formats than text and JSON.
    fn has_special_formats(&self) -> bool {
        matches!(self, Self::Admission(args) if args.has_special_formats())
    }

    /// The command's name, if it does not support `--output json`.
    fn without_json(&self) -> Option<&'static str> {
        match self {
            Self::Admission(args) => args.without_json(),
            Self::Completions(_) => Some("completions"),
            Self::Demo(_) => Some("demo"),
            Self::LocalSigner(args) if args.serves() => Some("local-signer serve"),
            Self::Man(_) => Some("man"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
