//! Trust policies, trust stores and trusted identities: notaryproject/specifications, `trust-store-trust-policy.md`.

mod aws_roots;
mod distinguished_name;
mod files;
mod folder;
mod identity;
pub mod policy;
mod policy_file;
mod store;

pub use aws_roots::{AwsSignerRoot, aws_signer_roots};
pub use distinguished_name::{AttributeType, DistinguishedName, DistinguishedNameError, Subject, SubjectError};
pub use files::FileError;
pub(crate) use files::check_program;
pub use folder::{AddError, FolderError, NotationFolder, StoredFile};
pub use identity::{IdentityVerdict, WildcardIdentity, check_trusted_identity};
pub use policy_file::{read_blob_trust_policy, read_trust_policy};
pub use store::{StoreError, TrustStore, read_certificates, read_certificates_of, read_trust_file};
