//! X.509 certificates and chains under the rules of the Notary Project: notaryproject/specifications,
//! `signature-specification.md`, "Certificate Requirements".
//!
//! A chain is an ordered list from the signing certificate to its root, so links are checked in that order and no path
//! is built. A trust store decides whether the chain is *trusted*.

mod cache;
mod certificate;
mod chain;
mod concurrent;
mod key;
mod name;
mod pss;
mod requirements;
mod revocation;
#[cfg(test)]
mod tests;

pub use cache::ChainCache;
pub use certificate::{Certificate, CertificateError};
pub use chain::{CertificateChain, ChainError, LinkedChain, MAX_CERTIFICATES};
pub(crate) use concurrent::Check;
pub use key::{PublicKey, is_supported_algorithm};
pub use requirements::RequirementError;
pub use revocation::url;
