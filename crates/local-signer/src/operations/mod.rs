//! The operations of the AWS Signer API, one file each: parameters in, a result or an `ApiError` out. They know no HTTP.
//!
//! What the API Reference leaves open is decided in the operation's file, in a comment.

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

/// How people read the platform for container images, the only one that the local signer has.
const PLATFORM_DISPLAY_NAME: &str = "Notation for Container Registries";

/// What the operations work on.
#[derive(Debug)]
pub struct Service {
    /// Profiles, jobs and revocations.
    pub store: Store,
    /// Who issues the signing certificates.
    pub ca: CertificateAuthority,
    /// The time at which signatures are made.
    pub clock: Clock,
}

#[cfg(test)]
mod tests;
