//! Chains and envelopes for tests, as right or as wrong as a test wants them. The certificates are put together byte by byte:
//! a library that issues certificates refuses to make most of the wrong ones.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking, and its names say what is to be said")]

pub mod certificate;
pub mod der;
pub mod envelope;
pub mod key;
pub mod status;
