//! Shared by the verifying commands: options, the choice of the policy, and the report of a signature.

mod args;
mod failure;
mod outcome;
mod policies;
mod show;
mod signature;

pub use args::{Demands, VerificationArgs, arns_of};
pub use failure::{inspection_error, requirement_error, unreadable_stores, verdict_error};
pub use outcome::VerificationOutcome;
pub use policies::Policies;
pub use show::{note_skipped, show_signature};
pub use signature::{CheckReport, CheckedSignature};
