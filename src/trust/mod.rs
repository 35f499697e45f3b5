//! Trust: who may have signed. notaryproject/specifications, `trust-store-trust-policy.md`.

mod identity;

pub use identity::{IdentityVerdict, WildcardIdentity, check_trusted_identity};
