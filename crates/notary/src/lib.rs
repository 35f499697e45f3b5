//! The Notary Project's specifications as pure code: no input or output, no clock, nothing asynchronous.

mod advice;
pub mod config_folder;
mod descriptor;
mod digest;
pub mod envelope;
pub mod json;
pub mod links;
pub mod manifest;
pub mod media_type;
pub mod plugin;
mod reason;
pub mod reference;
pub mod text;
pub mod trust;
mod user_metadata;
pub mod x509;

pub use advice::Advice;
pub use descriptor::Descriptor;
pub use digest::{Digest, DigestAlgorithm, DigestError, Hasher};
pub use reason::{Disposition, ReasonCode};
pub use user_metadata::{UserMetadata, UserMetadataError, is_reserved_annotation};
