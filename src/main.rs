//! `notation-aws-signer`, the command line tool.

mod arguments;
mod commands;
mod output;
mod parallel;
mod verification;

use std::process::{ExitCode, Termination as _};

use crate::arguments::usage;
use crate::commands::run;
use crate::output::exit::ExitStatus;

/// The allocator of musl asks the system for every few pages; see crates/plugin/src/main.rs.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Registries and AWS Signer are what one waits for: more threads would wait, too.
const MAX_THREADS: usize = 8;

fn main() -> ExitCode {
    // Prints help and usage errors itself and ends with code 2 for the latter.
    let cli = usage::parse(std::env::args_os()).unwrap_or_else(|why| why.exit());
    // Allocators keep what was freed for each thread: the memory has a bound only if the number of threads has.
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let status = match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitStatus::Usage
        }
    };
    status.report()
}
