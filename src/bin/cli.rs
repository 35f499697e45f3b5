//! `notation-aws-signer`, the command line tool.

use std::process::{ExitCode, Termination as _};

use clap::Parser as _;
use notation_aws_signer::cli::exit::ExitStatus;
use notation_aws_signer::cli::{Cli, run};

/// The allocator of musl asks the system for every few pages; see src/bin/plugin.rs.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    // Prints help and usage errors itself and ends with code 2 for the latter.
    let cli = Cli::parse();
    let status = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitStatus::Usage
        }
    };
    status.report()
}
