//! The executable that `notation` starts; installed as `notation-com.amazonaws.signer.notation.plugin`.

use std::process::ExitCode;

/// The allocator of musl asks the system for every few pages, which takes a third of the run time of a command.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    plugin::main(std::env::args_os().skip(1)).into()
}
