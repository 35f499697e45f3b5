//! `notation-aws-signer`, the command line tool.

#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "the comments of options are their help, with optional parts such as [:TAG]"
)]

mod arguments;
mod commands;
mod management;
mod output;
mod parallel;
mod signals;
mod verification;

use std::ffi::OsString;
use std::io;
use std::process::{ExitCode, Termination as _};

use clap::{CommandFactory as _, FromArgMatches as _};
use notary::Disposition;
use notary::text::printable_lines;
use tokio::runtime::{Builder, Runtime};

use crate::arguments::usage;
use crate::commands::admission::verify_image;
use crate::commands::{Cli, run};
use crate::output::Output;
use crate::output::exit::ExitStatus;

/// Threads allocate without waiting for each other. With `dlmalloc`, which has one lock and which the plugin with its
/// one thread uses, an AdmissionReview took 64 µs of processor time in place of 45; commands start 0.3 ms earlier with
/// it.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The largest number of threads. Allocators keep freed memory per thread: bounding their number bounds the memory.
const MAX_THREADS: usize = 8;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(of_containerd) = verify_image::of_command_line(&arguments) {
        return image_verifier(of_containerd).report();
    }
    let parsed = usage::parse(Cli::command_of(&arguments), Cli::command, &arguments);
    let parsed = parsed.and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(why) => return not_parsed(&why, &arguments).report(),
    };
    let status = match runtime(&cli) {
        Ok(runtime) => {
            let mostly_waits = cli.mostly_waits();
            let status = runtime.block_on(run(cli));
            if mostly_waits {
                // Its threads are idle and write nothing. To wake them and to wait for their end takes longer than to
                // read the trust policy.
                runtime.shutdown_background();
            }
            status
        }
        Err(error) => {
            eprintln!("error: {error}");
            Disposition::Undetermined.into()
        }
    };
    status.report()
}

/// Runs as the image verifier of containerd. A runtime that cannot be made blocks the image, as everything that fails
/// does.
fn image_verifier(arguments: Vec<OsString>) -> ExitStatus {
    match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let status = runtime.block_on(verify_image::verify(arguments));
            // A read of standard input that does not end must not keep the program.
            runtime.shutdown_background();
            status
        }
        Err(error) => {
            println!("internal error: {error}");
            Disposition::Refused.into()
        }
    }
}

/// Verifying mostly waits for registries and AWS Signer. One thread needs a tenth less processor time for it than
/// several that wake each other.
fn runtime(cli: &Cli) -> io::Result<Runtime> {
    let mut builder = if cli.mostly_waits() {
        Builder::new_current_thread()
    } else {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(threads);
        builder
    };
    builder.enable_all().build()
}

/// Writes help, the version, or what is wrong with the command line.
fn not_parsed(why: &clap::Error, arguments: &[OsString]) -> ExitStatus {
    if !why.use_stderr() {
        // A failure to write leaves nothing to report to.
        let _ = why.print();
        return ExitStatus::DONE;
    }
    let text = why.render();
    Output::usage(&match usage::has_control_characters(why) {
        true => format!("{}\n", printable_lines(text.to_string().trim_end())),
        false => text.ansi().to_string(),
    });
    let error = usage::to_cli_error(why);
    let status = error.status();
    if usage::asks_for_json(arguments) {
        let _ = Output::json_failure(error);
    }
    status
}
