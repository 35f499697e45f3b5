//! Trust policy documents, version 1.0: which signatures are trusted for which artifacts. `trust-store-trust-policy.md`, "Trust
//! Policy".
//!
//! A document is read completely or not at all, into types that keep the specification's constraints. Where notation 1.3.2
//! reads less strictly, the specification decides:
//! - Members that the specification does not list are refused, among them those whose names differ in case (Go takes `Name` for
//!   `name`). A misspelt `override` would otherwise change what is enforced without a word. Version `1.0` has the "Trust Policy
//!   Properties" that are listed and no others.
//! - Equal keys in an object, anything after the document, and bytes that are not UTF-8 are refused: RFC 8259.
//! - `skip` is refused with the global scope: "Note that `skip` cannot be used with a global scope (`*`)".
//! - An empty `verifyTimestamp` is refused: "Supported values are `always` and `afterCertExpiry`".
//! - `x509.subject` identities that do not contain each other may overlap as well: "they are considered overlapping if there
//!   exists a certificate for which multiple DNs evaluate true". See also [`DistinguishedName`](super::DistinguishedName).
//! - A repository that a scope names under another spelling of its registry (letters of the other case, the port 443, another name
//!   of Docker Hub) is not left to the global policy: see [`TrustPolicyDocument::applicable`].
//! - The names `.` and `..` are no trust stores: see [`TrustStoreName`].
//!
//! Null is read as absent, as there: what may be absent has the stricter meaning then. notation 1.3.2 has no blob policies.

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

pub use document::{BlobTrustPolicyDocument, MAX_DOCUMENT_SIZE, TrustPolicyDocument};
pub use error::{NoApplicablePolicy, PolicyError, StatementError};
pub use identities::{IdentityError, OtherIdentity, TrustedIdentities, TrustedIdentity};
pub use scope::{RegistryScope, RegistryScopes, ScopeError};
pub use statement::{MAX_IDENTITIES, TrustPolicy};
pub use store_name::{StoreNameError, TrustStoreName, TrustStoreType};
pub use verification::{
    OverrideError, SignatureVerification, UnknownName, ValidationAction, ValidationType, VerificationLevel,
    VerifyTimestamp,
};
pub use write::{AppliesTo, NewStatement, statement_json};
