//! The executable that `notation` starts; installed as `notation-com.amazonaws.signer.notation.plugin`.

/// The allocator of musl asks the system for every few pages, which takes a third of the run time of a command.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ! {
    let code = notation_aws_signer::plugin::main(std::env::args_os().skip(1));
    // Not a return from main: a thread that waits for standard input must not hold the process.
    std::process::exit(code.into())
}
