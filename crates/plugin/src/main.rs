//! The plugin that `notation` runs, installed as `notation-com.amazonaws.signer.notation.plugin`.

use std::process::ExitCode;

/// Faster than musl's allocator, whose many small requests to the system take a third of the run time of a command.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    plugin::main(std::env::args_os().skip(1)).into()
}
