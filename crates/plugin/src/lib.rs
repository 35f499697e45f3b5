//! The Notation plugin: notaryproject/specifications, `plugin-extensibility.md`.
//!
//! `notation` starts the executable with a command as its argument and a JSON request on standard input. A success is one JSON
//! document on standard output and exit code 0; a failure is the protocol's JSON error on standard error, nothing on standard
//! output, and exit code 1 whatever happened.

mod answer;
mod error;
mod generate_envelope;
mod input;
mod metadata;
mod request;
mod runtime;
mod verify_signature;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

pub use answer::{Answer, GenerateEnvelopeResponse, VerificationResult, VerifySignatureResponse};
use aws_names::PLUGIN_NAME;
use aws_signer::{TIMEOUT_VARIABLE, timeout_of};
pub use error::{ErrorCode, PluginError};
pub use generate_envelope::generate_envelope;
use limits::Deadline;
pub use metadata::{Capability, Metadata};
pub use request::{GenerateEnvelopeRequest, Request, VerifySignatureRequest};
pub use verify_signature::verify_signature;

/// The version of the plugin protocol that this plugin speaks.
pub const CONTRACT_VERSION: &str = "1.0";

/// Runs the plugin with the process's arguments, standard streams and environment. Gives the exit code.
#[must_use]
pub fn main(arguments: impl Iterator<Item = OsString>) -> u8 {
    // What a panic has to say goes into the protocol's error; a backtrace on standard error would break it.
    std::panic::set_hook(Box::new(|_| {}));
    let deadline = Deadline::new(budget_from_environment());
    let arguments: Vec<OsString> = arguments.collect();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // There is no place to say why there is no log: standard error belongs to the protocol.
        let _ = logging::init();
        respond(&arguments, deadline)
    }))
    .unwrap_or_else(|panic| Err(PluginError::from_panic(panic.as_ref())));
    match outcome {
        Ok(output) => answer::write(&output),
        Err(error) => {
            tracing::warn!(code = ?error.code, message = error.message, "the command failed");
            error.write();
            1
        }
    }
}

/// The budget that holds until the plugin configuration has been read. A wrong value is reported when that is done.
fn budget_from_environment() -> Duration {
    std::env::var(TIMEOUT_VARIABLE).ok().and_then(|text| timeout_of(&text)).unwrap_or(Deadline::DEFAULT_BUDGET)
}

/// What is printed in answer to the arguments and standard input.
fn respond(arguments: &[OsString], deadline: Deadline) -> Result<String, PluginError> {
    let arguments: Vec<_> = arguments.iter().map(|a| a.to_string_lossy()).collect();
    let command = match arguments.iter().map(AsRef::as_ref).collect::<Vec<&str>>()[..] {
        ["--version" | "-V"] => return Ok(format!("notation-{PLUGIN_NAME} {}\n", env!("CARGO_PKG_VERSION"))),
        ["--help" | "-h" | "help"] => return Ok(help()),
        [command] => command.to_owned(),
        [] => return Err(PluginError::validation(format!("no command was given; one of {COMMANDS} is expected"))),
        [_, unexpected, ..] => {
            return Err(PluginError::validation(format!("the argument {unexpected:?} was not expected")));
        }
    };
    tracing::debug!(command, version = env!("CARGO_PKG_VERSION"), "started");
    match command.as_str() {
        "get-plugin-metadata" => {
            metadata::check_request(&input::read(deadline, input::Absent::Allowed)?)?;
            Answer::to_json(&Metadata::of_this_plugin())
        }
        "generate-envelope" => dispatch(&input::read(deadline, input::Absent::Refused)?, deadline, generate_envelope),
        "verify-signature" => dispatch(&input::read(deadline, input::Absent::Refused)?, deadline, verify_signature),
        "describe-key" | "generate-signature" => Err(PluginError::validation(format!(
            "{command} is not supported: AWS Signer makes whole envelopes and gives no raw signatures; \
             the plugin has the capability SIGNATURE_GENERATOR.ENVELOPE"
        ))),
        _ => Err(PluginError::validation(format!("{command:?} is not a command; one of {COMMANDS} is expected"))),
    }
}

/// A command: a request that was read, and the deadline for its answer.
fn dispatch<Request, Response>(
    input: &[u8],
    deadline: Deadline,
    command: impl FnOnce(Request, Deadline) -> Result<Response, PluginError>,
) -> Result<String, PluginError>
where
    Request: request::Request,
    Response: Answer,
{
    command(Request::parse(input)?, deadline)?.to_json()
}

const COMMANDS: &str = "get-plugin-metadata, generate-envelope, verify-signature";

fn help() -> String {
    format!(
        "notation-{PLUGIN_NAME} {version}\n\
         Notation plugin for AWS Signer. notation starts it; by hand:\n\n\
         Usage: notation-{PLUGIN_NAME} COMMAND < REQUEST.json\n\n\
         Commands:\n  \
           get-plugin-metadata  print name, version and capabilities (needs no request)\n  \
           generate-envelope    sign a payload with AWS Signer\n  \
           verify-signature     check trusted identity and revocation of a signature\n\n\
         Options:\n  \
           -V, --version  print the version\n  \
           -h, --help     print this text\n\n\
         Install it with: notation plugin install --file notation-{PLUGIN_NAME}\n\
         Requests, answers, errors and configuration: plugin-spec/README.md of its source.\n\
         AWS Signer: {url}\n",
        version = env!("CARGO_PKG_VERSION"),
        url = metadata::URL,
    )
}
