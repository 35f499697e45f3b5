//! `notation-aws-signer`, the command line tool.

use std::process::ExitCode;

use clap::Parser as _;
use notation_aws_signer::cli::{Cli, run};

fn main() -> ExitCode {
    // Prints help and usage errors itself and ends with code 2 for the latter.
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}
