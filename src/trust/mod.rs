//! Trust: who may have signed. notaryproject/specifications, `trust-store-trust-policy.md`.

mod identity;
#[cfg(feature = "cli")]
mod store;

pub use identity::{IdentityVerdict, WildcardIdentity, check_trusted_identity};
#[cfg(feature = "cli")]
pub use store::{StoreError, read_certificates};
