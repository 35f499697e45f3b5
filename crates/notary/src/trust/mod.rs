//! Trust: who may have signed. notaryproject/specifications, `trust-store-trust-policy.md`.

mod distinguished_name;
mod identity;
pub mod policy;

pub use distinguished_name::{AttributeType, DistinguishedName, DistinguishedNameError, Subject, SubjectError};
pub use identity::{IdentityVerdict, SigningIdentity, WildcardIdentity, check_trusted_identity};
