//! AWS Signer and Notary Project signatures: the library behind the Notation plugin and the command line tool.

pub mod aws;
#[cfg(feature = "cli")]
pub mod cli;
pub mod envelope;
pub mod json;
#[cfg(feature = "cli")]
pub mod local;
pub mod log;
pub mod plugin;
pub mod trust;
pub mod x509;
