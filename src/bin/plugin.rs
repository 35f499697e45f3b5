//! The executable that `notation` starts; installed as `notation-com.amazonaws.signer.notation.plugin`.

fn main() -> ! {
    let code = notation_aws_signer::plugin::main(std::env::args_os().skip(1));
    // Not a return from main: a thread that waits for standard input must not hold the process.
    std::process::exit(code.into())
}
