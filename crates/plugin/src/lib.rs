//! The Notation plugin for AWS Signer: notaryproject/specifications, `plugin-extensibility.md`.
//!
//! `notation` runs the executable with a command as its argument and a JSON request on standard input. On success, the
//! plugin writes one JSON document to standard output and exits with 0. On any failure, it writes the protocol's JSON
//! error to standard error, nothing to standard output, and exits with 1. The protocol's types are in
//! [`notary::plugin`]; here is what this plugin makes of them.
//!
//! ```
//! use notary::plugin::Capability;
//! use plugin::{Request, SigningRequest};
//!
//! assert!(plugin::metadata().capabilities.contains(&Capability::RevocationCheck));
//! let refused = SigningRequest::parse(br#"{"contractVersion": "2.0"}"#).unwrap_err();
//! assert_eq!(refused.0.code.as_str(), "UNSUPPORTED_CONTRACT_VERSION");
//! ```
//!
//! | module | content |
//! |---|---|
//! | `metadata` | `get-plugin-metadata` |
//! | `generate_envelope` | `generate-envelope`: signs a payload with AWS Signer |
//! | `verify_signature` | `verify-signature`: checks for a trusted identity and for revocation |
//! | `request` | the requests that this plugin accepts |
//! | `input`, `answer` | reading standard input and writing standard output |
//! | `error`, `advice` | failures as the protocol's errors, with advice in terms of the plugin's configuration |
//! | `runtime` | the asynchronous runtime, created only to call AWS Signer |

mod advice;
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

use aws_names::PLUGIN_NAME;
use aws_signer::{TIMEOUT_VARIABLE, timeout_of};
pub use error::PluginError;
pub use generate_envelope::generate_envelope;
use limits::Deadline;
pub use metadata::metadata;
use notary::plugin::Command;
pub use request::{CheckRequest, Request, SigningRequest};
use serde::Serialize;
pub use verify_signature::verify_signature;

/// Runs the plugin with the arguments, standard streams and environment of the process, and returns the exit code.
#[must_use]
pub fn main(arguments: impl Iterator<Item = OsString>) -> u8 {
    // A backtrace on standard error would break the protocol. The panic message goes into the JSON error.
    std::panic::set_hook(Box::new(|_| {}));
    let deadline = Deadline::new(budget_from_environment());
    let arguments: Vec<OsString> = arguments.collect();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // A log failure cannot be reported: standard error belongs to the protocol.
        let _ = logging::init();
        respond(&arguments, deadline)
    }))
    .unwrap_or_else(|panic| Err(PluginError::from_panic(panic.as_ref())));
    match outcome {
        Ok(output) => answer::write(&output),
        Err(error) => {
            tracing::warn!(code = %error.0.code, message = error.0.message, "the command failed");
            error.write();
            1
        }
    }
}

/// The time budget until the plugin configuration has been read. An invalid value is reported then.
fn budget_from_environment() -> Duration {
    std::env::var(TIMEOUT_VARIABLE).ok().and_then(|text| timeout_of(&text)).unwrap_or(Deadline::DEFAULT_BUDGET)
}

/// Returns the output for the arguments and standard input.
fn respond(arguments: &[OsString], deadline: Deadline) -> Result<String, PluginError> {
    let arguments: Vec<_> = arguments.iter().map(|a| a.to_string_lossy()).collect();
    let command = match arguments.iter().map(AsRef::as_ref).collect::<Vec<&str>>()[..] {
        ["--version" | "-V"] => return Ok(format!("notation-{PLUGIN_NAME} {}\n", env!("CARGO_PKG_VERSION"))),
        ["--help" | "-h" | "help"] => return Ok(help()),
        [command] => command.to_owned(),
        [] => return Err(PluginError::validation(format!("no command was given; use one of {COMMANDS}"))),
        [_, unexpected, ..] => {
            return Err(PluginError::validation(format!("unexpected argument {unexpected:?}")));
        }
    };
    tracing::debug!(command, version = env!("CARGO_PKG_VERSION"), "started");
    match Command::from_name(&command) {
        Some(Command::GetPluginMetadata) => {
            metadata::check_request(&input::read(deadline, input::Absent::Allowed)?)?;
            answer::to_json(&metadata())
        }
        Some(Command::GenerateEnvelope) => respond_to(deadline, generate_envelope),
        Some(Command::VerifySignature) => respond_to(deadline, verify_signature),
        Some(Command::DescribeKey | Command::GenerateSignature) => Err(PluginError::validation(format!(
            "{command} is not supported: AWS Signer returns whole signature envelopes, not raw signatures; \
             the plugin has the capability SIGNATURE_GENERATOR.ENVELOPE"
        ))),
        None => Err(PluginError::validation(format!("unknown command {command:?}; use one of {COMMANDS}"))),
    }
}

/// Reads and parses a request, runs the command and serializes its response.
fn respond_to<R: Request, Response: Serialize>(
    deadline: Deadline,
    command: impl FnOnce(R, Deadline) -> Result<Response, PluginError>,
) -> Result<String, PluginError> {
    let input = input::read(deadline, input::Absent::Refused)?;
    answer::to_json(&command(R::parse(&input)?, deadline)?)
}

const COMMANDS: &str = "get-plugin-metadata, generate-envelope, verify-signature";

fn help() -> String {
    format!(
        "notation-{PLUGIN_NAME} {version}\n\
         Notation plugin for AWS Signer. notation runs it. To run it by hand:\n\n\
         Usage: notation-{PLUGIN_NAME} COMMAND < REQUEST.json\n\n\
         Commands:\n  \
           get-plugin-metadata  print name, version and capabilities (no request needed)\n  \
           generate-envelope    sign a payload with AWS Signer\n  \
           verify-signature     check a signature for a trusted identity and revocation\n\n\
         Options:\n  \
           -V, --version  print the version\n  \
           -h, --help     print this help\n\n\
         Install it with: notation plugin install --file notation-{PLUGIN_NAME}\n\
         Requests, responses, errors and configuration: plugin-spec/README.md in the source repository.\n\
         AWS Signer: {url}\n",
        version = env!("CARGO_PKG_VERSION"),
        url = metadata::URL,
    )
}
