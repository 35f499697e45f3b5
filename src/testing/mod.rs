//! Chains and envelopes for tests, as right or as wrong as a test wants them. The certificates are put together byte by byte:
//! a library that issues certificates refuses to make most of the wrong ones.

pub mod certificate;
pub mod der;
pub mod envelope;
pub mod key;
#[cfg(feature = "cli")]
pub mod status;
