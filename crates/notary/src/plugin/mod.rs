//! The plugin protocol, for both sides: notaryproject/specifications, `plugin-extensibility.md`.
//!
//! A host such as `notation` runs a plugin's program with a [`Command`] as its argument and a JSON request on standard
//! input. The plugin writes a JSON response to standard output, or an [`ErrorResponse`] to standard error and exits
//! with 1. Parsing is strict about types and ignores unknown members, as the protocol requires; null counts as absent,
//! as in Go.

mod capability;
mod command;
mod error;
mod generate_envelope;
mod generate_signature;
mod metadata;
mod request;
mod verify_signature;

pub use self::capability::Capability;
pub use self::command::Command;
pub use self::error::{ErrorCode, ErrorResponse};
pub use self::generate_envelope::{GenerateEnvelopeRequest, GenerateEnvelopeResponse, GeneratedEnvelope};
pub use self::generate_signature::{
    DescribeKeyResponse, GenerateSignatureResponse, describe_key_request, generate_signature_request, signing_algorithm,
};
pub use self::metadata::Metadata;
pub use self::request::RequestError;
pub use self::verify_signature::{
    CriticalAttributes, VerificationResult, VerifySignatureRequest, VerifySignatureResponse,
};

/// The version of the protocol.
pub const CONTRACT_VERSION: &str = "1.0";

#[cfg(test)]
mod tests;
