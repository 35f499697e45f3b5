//! Trust policy documents, version 1.0: which signatures are trusted for which artifacts.
//! `trust-store-trust-policy.md`, "Trust Policy".
//!
//! A document is parsed completely or not at all, into types that enforce the specification's constraints. It is parsed
//! more strictly than by notation 1.3.2, as the specification says:
//! - Members that the specification does not list are rejected, including case variants (Go accepts `Name` for `name`).
//!   A misspelt `override` would otherwise silently change what is enforced. Version `1.0` has only the listed "Trust
//!   Policy Properties".
//! - Duplicate keys, trailing data and bytes that are not UTF-8 are rejected: RFC 8259.
//! - `skip` with the global scope is rejected: "Note that `skip` cannot be used with a global scope (`*`)".
//! - An empty `verifyTimestamp` is rejected: "Supported values are `always` and `afterCertExpiry`".
//! - `x509.subject` identities can overlap without one containing the other: "they are considered overlapping if there
//!   exists a certificate for which multiple DNs evaluate true". See also
//!   [`DistinguishedName`](super::DistinguishedName).
//! - The global policy does not apply to a repository that a scope names with another spelling of its registry
//!   (different case, the port 443, another name of Docker Hub): see [`TrustPolicyDocument::applicable`].
//! - `.` and `..` are not valid trust store names: see [`TrustStoreName`].
//!
//! Null counts as absent, as in notation; absence always has the stricter meaning. notation 1.3.2 has no blob policies.

mod document;
mod error;
mod identities;
mod scope;
mod statement;
mod store_name;
#[cfg(test)]
mod tests;
mod verification;
mod write;

pub use document::{ArtifactLocation, BlobTrustPolicyDocument, MAX_DOCUMENT_SIZE, TrustPolicyDocument};
pub use error::{NoApplicablePolicy, PolicyError, StatementError};
pub use identities::{IdentityError, OtherIdentity, TrustedIdentities, TrustedIdentity};
pub use scope::{RegistryScope, RegistryScopes, ScopeError};
pub use statement::{MAX_IDENTITIES, StatementDraft, TrustPolicy};
pub use store_name::{StoreNameError, TrustStoreName, TrustStoreType};
pub use verification::{
    OverrideError, SignatureVerification, UnknownName, ValidationAction, ValidationType, VerificationLevel,
    VerifyTimestamp,
};
pub use write::{AppliesTo, NewStatement, statement_json, with_statements};
