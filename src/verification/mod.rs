//! Shared by the verifying commands: options, the choice of the policy, and the report of a signature.

mod args;
mod failure;
mod outcome;
mod policies;
mod show;
mod signature;

pub use args::{TRUSTED, VerificationArgs, VerificationIntent, arns_of};
pub use failure::{file_verdict_error, reason_error, requirement_error, verdict_error};
pub use outcome::VerificationOutcome;
pub use policies::Policies;
pub use show::{check_line, details, failures, note_skipped, signature_line};
pub use signature::{CheckReport, CheckedSignature};
