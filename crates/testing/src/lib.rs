//! Valid and invalid certificate chains and envelopes for tests. Certificates are encoded by hand: libraries that issue
//! certificates refuse to create most invalid ones.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

pub mod certificate;
pub mod cose;
pub mod der;
pub mod envelope;
pub mod key;
mod pem;
pub mod status;
pub mod timestamp;

pub use pem::pem;
