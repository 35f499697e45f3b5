//! Trust policies, trust stores and trusted identities: notaryproject/specifications, `trust-store-trust-policy.md`.

#[cfg(feature = "cli")]
mod aws_roots;
#[cfg(feature = "cli")]
mod distinguished_name;
#[cfg(feature = "cli")]
mod files;
#[cfg(feature = "cli")]
mod folder;
mod identity;
#[cfg(feature = "cli")]
pub mod policy;
#[cfg(feature = "cli")]
mod policy_file;
#[cfg(feature = "cli")]
mod store;

#[cfg(feature = "cli")]
pub use aws_roots::{AwsSignerRoot, aws_signer_roots};
#[cfg(feature = "cli")]
pub use distinguished_name::{AttributeType, DistinguishedName, DistinguishedNameError, Subject, SubjectError};
#[cfg(feature = "cli")]
pub use files::FileError;
#[cfg(feature = "cli")]
pub(crate) use files::check_program;
#[cfg(feature = "cli")]
pub use folder::{AddError, FolderError, NotationFolder, StoredFile};
pub use identity::{IdentityVerdict, WildcardIdentity, check_trusted_identity};
#[cfg(feature = "cli")]
pub use policy_file::{read_blob_trust_policy, read_trust_policy};
#[cfg(feature = "cli")]
pub use store::{StoreError, TrustStore, read_certificates, read_certificates_of, read_trust_file};
