//! AWS Signer and Notary Project signatures: the library behind the Notation plugin and the command line tool.

#[cfg(feature = "cli")]
pub mod attach;
pub mod aws;
#[cfg(feature = "cli")]
pub mod blob;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod copy;
pub mod envelope;
#[cfg(feature = "cli")]
mod files;
#[cfg(feature = "cli")]
mod http_client;
#[cfg(feature = "cli")]
pub mod install;
pub mod json;
#[cfg(feature = "cli")]
pub mod local;
pub mod log;
pub mod plugin;
#[cfg(feature = "cli")]
mod reading;
#[cfg(feature = "cli")]
pub mod registry;
#[cfg(feature = "cli")]
pub mod revocation;
#[cfg(feature = "cli")]
mod room;
#[cfg(feature = "cli")]
pub mod sign;
#[cfg(test)]
#[allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking, and its names say what is to be said")]
mod testing;
pub mod text;
pub mod trust;
#[cfg(feature = "cli")]
pub mod verify;
pub mod x509;
