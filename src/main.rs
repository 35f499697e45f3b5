//! `notation-aws-signer`, the command line tool.

#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "the comments of options are their help, with optional parts such as [:TAG]"
)]

mod arguments;
mod commands;
mod output;
mod parallel;
mod verification;

use std::ffi::OsString;
use std::process::{ExitCode, Termination as _};

use clap::{CommandFactory as _, FromArgMatches as _};
use notary::Disposition;

use crate::arguments::usage;
use crate::commands::{Cli, run};
use crate::output::Output;
use crate::output::exit::ExitStatus;

/// Faster than musl's allocator; see crates/plugin/src/main.rs.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The tool mostly waits for registries and AWS Signer: more threads would not make it faster.
const MAX_THREADS: usize = 8;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let parsed = usage::parse(Cli::command(), &arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(why) => return not_parsed(&why, &arguments).report(),
    };
    // Allocators keep freed memory per thread: bounding the number of threads bounds the memory.
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let status = match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => {
            eprintln!("error: {error}");
            Disposition::Undetermined.into()
        }
    };
    status.report()
}

/// Writes help, the version, or what is wrong with the command line.
fn not_parsed(why: &clap::Error, arguments: &[OsString]) -> ExitStatus {
    // A failure to write leaves nothing to report to.
    let _ = why.print();
    if !why.use_stderr() {
        return ExitStatus::DONE;
    }
    let error = usage::to_cli_error(why);
    let status = error.status();
    if usage::asks_for_json(arguments) {
        let _ = Output::json_failure(error);
    }
    status
}
