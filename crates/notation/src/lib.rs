//! Verifying, signing, attaching and copying container images with Notary Project signatures.

pub mod attach;
pub mod blob;
pub mod copy;
mod failure;
mod folder;
pub mod install;
pub mod plugin_host;
mod policy_file;
pub mod revocation;
pub mod sign;
pub mod trust_store;
pub mod verify;

pub use failure::Failure;
pub use folder::{AddError, FolderError, NotationFolder, StoredFile};
pub use policy_file::{read_blob_trust_policy, read_trust_policy};
