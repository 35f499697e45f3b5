//! The operations of the AWS Signer API, one file each. They take parameters, return a result or an `ApiError`, and do
//! not depend on HTTP.
//!
//! Where the API Reference leaves a question open, a comment in the operation's file gives the decision.

pub mod get_revocation_status;
pub mod get_signing_profile;
pub mod parameters;
pub mod put_signing_profile;
pub mod revoke_signature;
pub mod revoke_signing_profile;
pub mod sign_payload;

use super::ca::CertificateAuthority;
use super::clock::Clock;
use super::store::Store;

/// The display name of the container image platform, the only platform of the local signer.
const PLATFORM_DISPLAY_NAME: &str = "Notation for Container Registries";

/// The state that the operations work on.
#[derive(Debug)]
pub struct Service {
    /// Profiles, jobs and revocations.
    pub store: Store,
    /// The issuer of the signing certificates.
    pub ca: CertificateAuthority,
    /// The signing clock.
    pub clock: Clock,
}

#[cfg(test)]
mod tests;
