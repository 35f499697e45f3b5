//! The stores of artifacts and their signatures: registries and OCI image layouts. Defined by the OCI distribution
//! specification and the OCI image specification, both version 1.1.

mod client;
mod content;
mod credentials;
#[cfg(feature = "ecr")]
mod ecr;
mod layout;
mod referrers;
mod store;
mod transfer;
mod tree;

pub use client::{
    ClientOptions, ErrorAnswer, Failure, FetchedManifest, MAX_MANIFEST_SIZE, PlainHttp, Pushed, RegistryClient,
    RegistryError, RemoteRepository, RequestLine,
};
pub use credentials::{Credential, CredentialError, Credentials, Secret};
pub use layout::{Layout, LayoutError};
pub use store::{Store, StoreError, StoredSignature};
pub use transfer::Transferred;
