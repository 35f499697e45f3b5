//! The stores of artifacts and their signatures: registries and OCI image layouts. Defined by the OCI distribution
//! specification and the OCI image specification, both version 1.1.

mod blob_stream;
mod client;
mod content;
mod credentials;
#[cfg(feature = "ecr")]
mod ecr;
mod error;
mod layout;
mod referrers;
mod shared_cache;
mod signatures;
mod store;
mod transfer;
mod tree;

pub use client::{
    ClientOptions, FetchedManifest, MAX_MANIFEST_SIZE, PlainHttp, Pushed, RegistryClient, RemoteRepository,
};
pub use content::Content;
pub use credentials::{Credential, CredentialError, Credentials, Secret};
pub use error::{ErrorAnswer, LayoutError, Limited, RegistryError, RequestLine, StoreError};
pub use layout::Layout;
pub use signatures::{Signatures, StoredSignature};
pub use store::Store;
pub use transfer::Transferred;
