//! Valid and invalid certificate chains and envelopes for tests. Certificates are encoded by hand: libraries that issue
//! certificates refuse to create most invalid ones.

pub mod certificate;
pub mod der;
pub mod envelope;
pub mod key;
#[cfg(feature = "cli")]
pub mod status;
