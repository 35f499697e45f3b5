//! The operations of the AWS Signer API, one file each, and their table. They take parameters, return a result or an
//! `ApiError`, and do not depend on HTTP.
//!
//! Each file has the operation's row of the table: path, parameters, errors, quota, and how the local signer differs
//! from AWS. Where the API Reference leaves a question open, a comment in the operation's file gives the decision.

pub mod add_profile_permission;
pub mod cancel_signing_profile;
pub mod describe_signing_job;
pub mod get_revocation_status;
pub mod get_signing_platform;
pub mod get_signing_profile;
pub mod list_profile_permissions;
pub mod list_signing_jobs;
pub mod list_signing_platforms;
pub mod list_signing_profiles;
pub mod list_tags_for_resource;
mod listing;
pub mod parameters;
pub mod put_signing_profile;
pub mod remove_profile_permission;
pub mod revoke_signature;
pub mod revoke_signing_profile;
mod row;
pub mod sign_payload;
pub mod start_signing_job;
pub mod tag_resource;
mod tagging;
pub mod untag_resource;

use std::sync::Arc;

pub use self::row::{Answer, Call, Operation};
use super::buckets::Buckets;
use super::ca::CertificateAuthority;
use super::certificates::Certificates;
use super::clock::Clock;
use super::controls::Controls;
use super::jobs::JobQueue;
use super::page_tokens::PageTokens;
use super::store::Store;

/// All operations, in the order of their names.
pub const OPERATIONS: &[Operation] = &[
    add_profile_permission::OPERATION,
    cancel_signing_profile::OPERATION,
    describe_signing_job::OPERATION,
    get_revocation_status::OPERATION,
    get_signing_platform::OPERATION,
    get_signing_profile::OPERATION,
    list_profile_permissions::OPERATION,
    list_signing_jobs::OPERATION,
    list_signing_platforms::OPERATION,
    list_signing_profiles::OPERATION,
    list_tags_for_resource::OPERATION,
    put_signing_profile::OPERATION,
    remove_profile_permission::OPERATION,
    revoke_signature::OPERATION,
    revoke_signing_profile::OPERATION,
    sign_payload::OPERATION,
    start_signing_job::OPERATION,
    tag_resource::OPERATION,
    untag_resource::OPERATION,
];

/// The state that the operations work on.
#[derive(Debug)]
pub struct Service {
    /// Profiles, jobs and revocations.
    pub store: Store,
    /// The issuer of the signing certificates.
    pub ca: CertificateAuthority,
    /// The signing clock.
    pub clock: Clock,
    /// The tokens of lists.
    pub page_tokens: PageTokens,
    /// The signing material of device platforms.
    pub certificates: Certificates,
    /// Where signing jobs read and write.
    pub buckets: Buckets,
    /// What tells the workers of new signing jobs.
    pub jobs: JobQueue,
    /// The configuration in force, and the events about jobs.
    pub controls: Arc<Controls>,
}

#[cfg(test)]
mod tests;
