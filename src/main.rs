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

/// Faster than musl's allocator; see src/bin/plugin.rs.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The tool mostly waits for registries and AWS Signer: more threads would not make it faster.
const MAX_THREADS: usize = 8;

fn main() -> ExitCode {
    // `exit` prints help and usage errors, and exits with code 2 for the latter.
    let cli = usage::parse(std::env::args_os()).unwrap_or_else(|why| why.exit());
    // Allocators keep freed memory per thread: bounding the number of threads bounds the memory.
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
