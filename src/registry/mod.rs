//! The stores of artifacts and their signatures: registries and OCI image layouts. Defined by the OCI distribution
//! specification and the OCI image specification, both version 1.1.

mod client;
mod content;
mod credentials;
mod layout;
mod links;
mod manifest;
mod media_type;
mod reference;
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
pub use manifest::{
    EMPTY_CONFIG, IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, Manifest, ManifestError,
    SIGNATURE_MEDIA_TYPE, SignatureForm, THUMBPRINT_ANNOTATION,
};
pub use media_type::{DOCKER_LIST_MEDIA_TYPE, DOCKER_MANIFEST_MEDIA_TYPE, IMAGE_INDEX_MEDIA_TYPE, is_index};
pub use reference::{Reference, ReferenceError, RepositoryName, Tag, Target};
pub use store::{Store, StoreError, StoredSignature};
pub use transfer::Transferred;
